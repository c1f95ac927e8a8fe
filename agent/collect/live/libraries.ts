import type { RawName } from '../../../shared/name.ts';
import { readLink } from '../../host/libc.ts';
import { readProcFile } from './proc-file.ts';

/** By path, whether its file was deleted: what our own processes have loaded to run, their program included. */
export type Libraries = ReadonlyMap<RawName, { readonly isDeleted: boolean }>;

/** A process of ours has a hundred mappings. */
const mapsBytesMax = 4 * 1_048_576;

/**
 * Of this process and of the agent that started it. Whoever gets a library into either decides what is told of the machine.
 * Throws what the system says where that cannot be read.
 */
export function readLibraries(proc: string, parent = process.ppid): Libraries {
  const own = parseMaps(readProcFile(`${proc}/self/maps`, mapsBytesMax));
  const isOurs = readLink(`${proc}/${parent}/exe`) === readLink(`${proc}/self/exe`);
  const starter = isOurs ? parseMaps(readProcFile(`${proc}/${parent}/maps`, mapsBytesMax)) : [];
  return new Map([...own, ...starter]);
}

const deleted = ' (deleted)';

/**
 * The files that a process may run code of: those mapped to be executed, without what the compiler of a language writes
 * into memory. A form of proc_pid_maps(5), where a newline in a name stands as `\012` and all else as it is. Pure.
 */
export function parseMaps(text: string): [path: RawName, { readonly isDeleted: boolean }][] {
  return [...text.matchAll(/^[0-9a-f]+-[0-9a-f]+ ..x. [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ [0-9]+ +(\/.*)$/gm)]
    .map(([, path = '']) => path)
    .filter((path) => !path.startsWith('/memfd:'))
    .map((path) =>
      path.endsWith(deleted) ? [path.slice(0, -deleted.length), { isDeleted: true }] : [path, { isDeleted: false }],
    );
}
