import { packages } from '../packages/packages.ts';
import type { Collector } from './collector.ts';

/** Everything that is read as meaning. */
export const collectors: readonly Collector[] = [packages];
