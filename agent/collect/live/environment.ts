import { readLink } from '../../host/libc.ts';
import { changesUs, tookOut } from '../../own-environment.ts';
import { readProcFile } from './proc-file.ts';

/** What the kernel gives to a process at most (execve(2)), and more than any has. */
const environBytesMax = 4 * 1_048_576;

/**
 * By which variables somebody meant to change what this process does, or the agent that started it: those that are there, and
 * those that were taken out at its start. Throws what the system says where that cannot be read.
 */
export function readEnvironment(proc: string, parent = process.ppid): ReadonlySet<string> {
  const own = namesIn(readProcFile(`${proc}/self/environ`, environBytesMax));
  const isOurs = readLink(`${proc}/${parent}/exe`) === readLink(`${proc}/self/exe`);
  const starter = isOurs ? namesIn(readProcFile(`${proc}/${parent}/environ`, environBytesMax)) : [];
  return new Set([...own, ...starter]);
}

/** Of a process as it was started: `NAME=value` and a zero byte each (proc_pid_environ(5)). Pure. */
export function namesIn(environ: string): readonly string[] {
  return environ.split('\0').flatMap((variable) => {
    const at = variable.indexOf('=');
    const name = variable.slice(0, at);
    return name === tookOut
      ? variable
          .slice(at + 1)
          .split(' ')
          .filter(changesUs)
      : changesUs(name)
        ? [name]
        : [];
  });
}
