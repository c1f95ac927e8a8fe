import { closeSync, openSync, readSync } from 'node:fs';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { lookAtProcess, type Place } from '../collect/live/processes.ts';
import { readLink } from '../host/libc.ts';
import { type Arguments, commandOf } from './command-line.ts';
import { groupIn, originIn } from './origin.ts';

/** What /proc says of a process (proc(5)). */
export interface ProcessFacts {
  readonly program: RawName | null;
  readonly command: string | null;
  readonly uid: number | null;
  readonly loginUid: number | null;
  readonly session: number | null;
  readonly unit: string | null;
  readonly container: string | null;
  readonly parent: number;
}

/** Enough of a command line to know it by. */
const fileBytesMax = 4_096;
/** What the kernel says where nobody has logged in. */
const unset = 0xffff_ffff;

export interface ReadOptions {
  readonly shown: Arguments;
  readonly own: Place;
  /** Who it was before, for what cannot be read any more. */
  readonly before?: ProcessFacts | undefined;
  readonly proc?: string;
}

/** Undefined where there is no such process any more. */
export function readProcess(pid: number, options: ReadOptions): ProcessFacts | undefined {
  const { shown, own, before, proc = '/proc' } = options;
  const at = `${proc}/${pid}`;
  // The program first: these two are gone before the rest when a process ends.
  const program = readLink(`${at}/exe`);
  const cmdline = typeof program === 'number' ? '' : read(`${at}/cmdline`);
  const status = read(`${at}/status`);
  const parent = /^PPid:\t(\d+)$/m.exec(status)?.[1];
  if (parent === undefined) return undefined;
  const groups = read(`${at}/cgroup`);
  const { unit, container } = originIn(groups);
  const facts: ProcessFacts = {
    program: typeof program === 'number' ? null : program,
    // A kernel thread has none.
    command: cmdline === '' ? null : commandOf(cmdline, shown),
    uid: numberIn(/^Uid:\t\d+\t(\d+)\t/m.exec(status)?.[1]),
    loginUid: numberIn(read(`${at}/loginuid`)),
    session: numberIn(read(`${at}/sessionid`)),
    unit,
    container: container ?? (isContained(at, own) ? encodeRaw(groupIn(groups) ?? 'unnamed') : null),
    parent: Number(parent),
  };
  // While it ends it leaves its groups and all else.
  const hasEnded = facts.program !== null && typeof readLink(`${at}/exe`) === 'number';
  return hasEnded ? { ...facts, ...before, program: facts.program, command: facts.command } : facts;
}

function isContained(at: string, own: Place): boolean {
  const seen = lookAtProcess(at, own);
  return typeof seen === 'object' && seen.place === 'contained';
}

function numberIn(text: string | undefined): number | null {
  return text === undefined || text === '' || Number(text) === unset ? null : Number(text);
}

const buffer = Buffer.alloc(fileBytesMax);

/** The beginning of a file of /proc as latin1; empty where it is gone or not for us. */
function read(path: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch {
    return '';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
