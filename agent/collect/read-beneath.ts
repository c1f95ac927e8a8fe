import { closeSync, constants, openSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import type { RawName } from '../../shared/name.ts';
import { openBeneath, toRead } from '../host/open-beneath.ts';
import { readDescriptor } from './inside.ts';
import { type RootPrefix, systemPath } from './system-path.ts';

/** The bytes of the regular file that stands at a path itself: ELOOP or ENOTDIR where a link is on the way. Else as `readInside`. */
export function readBeneath(root: RootPrefix, path: RawName, bytesMax: number): Buffer {
  const directory = openSync(systemPath(root, '/'), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const fd = openBeneath(directory, path, toRead);
    if (fd < 0) throw Object.assign(new Error('it could not be opened'), { code: getSystemErrorName(fd) });
    return readDescriptor(fd, bytesMax);
  } finally {
    closeSync(directory);
  }
}
