import { packages } from '../packages/packages.ts';
import { authorizedKeys } from './authorized-keys.ts';
import { caCertificates } from './ca-certificates.ts';
import type { Collector } from './collector.ts';
import { cron } from './cron.ts';
import { groups } from './groups.ts';
import { kernelCmdline } from './kernel-cmdline.ts';
import { kernelModules } from './kernel-modules.ts';
import { libraryPaths } from './library-paths.ts';
import { pam } from './pam.ts';
import { preloads } from './preloads.ts';
import { repositories } from './repositories.ts';
import { sudoers } from './sudoers.ts';
import { sysctl } from './sysctl.ts';
import { units } from './units.ts';
import { users } from './users.ts';

/** Everything that is read as meaning. */
export const collectors: readonly Collector[] = [
  authorizedKeys,
  caCertificates,
  cron,
  groups,
  kernelCmdline,
  kernelModules,
  libraryPaths,
  packages,
  pam,
  preloads,
  repositories,
  sudoers,
  sysctl,
  units,
  users,
];
