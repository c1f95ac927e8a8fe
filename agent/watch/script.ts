import { closeSync, constants, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path/posix';
import type { RawName } from '../../shared/name.ts';
import { readLink } from '../host/libc.ts';
import { fileAt } from '../host/stat.ts';

/** What the kernel reads of a script to start it (execve(2)). */
const lineBytesMax = 256;
/** Of a command line: the interpreter, at most one argument of the script's first line, the script. */
const wordsBytesMax = 4_096;
/** Finds the interpreter by its name alone, and then leaves the place to it. */
const finder = 'env';

/**
 * The script that a process began with, where it runs the interpreter that this names: for who is not told of what is opened
 * to be run. Anybody may say anything in a command line, but nothing that is not there and does not name what runs.
 */
export function scriptOf(at: string, runs: string): RawName | undefined {
  const words = beginning(Buffer.from(`${at}/cmdline`), wordsBytesMax)?.text.split('\0') ?? [];
  for (const word of words.slice(1, 3)) {
    const path = word.startsWith('/') ? word : besides(at, word);
    const file = path === undefined ? undefined : beginning(Buffer.from(path, 'latin1'), lineBytesMax);
    const interpreter = file?.isExecutable ? /^#![ \t]*([^ \t\n]+)/.exec(file.text)?.[1] : undefined;
    if (path === undefined || interpreter === undefined) continue;
    if (fileAt(interpreter, 'follow') === runs || basename(interpreter) === finder) return realPath(path);
  }
  return undefined;
}

function besides(at: string, word: string): string | undefined {
  const directory = readLink(`${at}/cwd`);
  return word === '' || word.startsWith('-') || typeof directory === 'number' ? undefined : `${directory}/${word}`;
}

function realPath(path: string): RawName | undefined {
  try {
    return realpathSync.native(Buffer.from(path, 'latin1'), 'buffer').toString('latin1');
  } catch {
    return undefined;
  }
}

/** Of a plain file, and of what anybody puts in its place no more than that we ask: opening may begin something, or wait. */
function beginning(path: Buffer, bytesMax: number) {
  let fd: number | undefined;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return undefined;
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const buffer = Buffer.alloc(bytesMax);
    const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, bytesMax, 0));
    return { text, isExecutable: (stats.mode & 0o111) !== 0 };
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
