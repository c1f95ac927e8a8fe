import { packages } from '../packages/packages.ts';
import type { Collector } from './collector.ts';

import { cron } from './cron.ts';
import { groups } from './groups.ts';
import { kernelCmdline } from './kernel-cmdline.ts';
import { kernelModules } from './kernel-modules.ts';
import { repositories } from './repositories.ts';
import { sysctl } from './sysctl.ts';
import { units } from './units.ts';
import { users } from './users.ts';

/** Everything that is read as meaning. */
export const collectors: readonly Collector[] = [
  cron,
  groups,
  kernelCmdline,
  kernelModules,
  packages,
  repositories,
  sysctl,
  units,
  users,
];
