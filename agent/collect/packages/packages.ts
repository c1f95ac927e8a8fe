import type { Collector } from '../facts/collector.ts';
import { dpkgPackages, dpkgReads } from './dpkg.ts';

/** What package managers have installed, each by its own database. */
export const packages: Collector<'package'> = {
  subject: 'package',
  reads: [...dpkgReads],
  collect: (reader) => dpkgPackages(reader),
};
