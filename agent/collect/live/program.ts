import type { ProgramState } from '../../../shared/live.ts';
import { programStates } from '../../../shared/live.ts';
import type { RawName } from '../../../shared/name.ts';

/** A program as it runs: its name as findings have it, and what became of its file. `there`: it is where it was. */
export interface Program {
  readonly name: RawName;
  readonly state: ProgramState | 'there';
}

const deleted = ' (deleted)';
const memoryFile = '/memfd:';
/** Of a mount of one file that was unmounted while the file runs: so `runc` shows itself to each container. */
const detached = '/';

/**
 * What the link /proc/PID/exe says (proc_pid_exe(5)), beside which file runs and which one is at that path now. The kernel
 * writes ` (deleted)` behind the path of a file that was removed there, also when another was put in its place; but a file
 * may be called so. Pure.
 */
export function programOf(link: RawName, runs: string, fileAt: (path: RawName) => string | undefined): Program {
  if (link === detached) return { name: link, state: 'hidden' };
  if (!link.endsWith(deleted)) return { name: link, state: stateAt(link, runs, fileAt, 'hidden') };
  if (fileAt(link) === runs) return { name: link, state: 'there' };
  const path = link.slice(0, -deleted.length);
  if (path.startsWith(memoryFile)) return { name: path.slice(1), state: 'memfd' };
  return { name: path, state: stateAt(path, runs, fileAt, 'deleted') };
}

function stateAt(
  path: RawName,
  runs: string,
  fileAt: (path: RawName) => string | undefined,
  absent: ProgramState,
): Program['state'] {
  const found = fileAt(path);
  if (found === undefined) return absent;
  return found === runs ? 'there' : 'replaced';
}

/** Whether it runs from no path at all: then it may still be, byte for byte, a program of the image. */
export function isWithoutPath({ name, state }: Program): boolean {
  return state === 'memfd' || name === detached;
}

/** Of two processes of one program, the one that is further from the image. */
export function worse(a: Program['state'] | undefined, b: Program['state']): Program['state'] {
  const rank = (state: Program['state']) => (state === 'there' ? -1 : programStates.indexOf(state));
  return a === undefined || rank(b) > rank(a) ? b : a;
}
