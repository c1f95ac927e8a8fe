import { readdirSync, readFileSync } from 'node:fs';

/** Field 22 of proc_pid_stat(5), clock ticks since boot: with the pid it names a process for good. Null when there is none. */
export function startTimeOf(pid: number): string | null {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not looked yet.
  return stat === '' || fields[0] === 'Z' ? null : fields[19]!;
}

/** Stopped by a signal, ended, or gone: it does nothing more. */
export function isStopped(pid: number): boolean {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat === '' || /^[TZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
}

/** Processes that were started with exactly this word among their arguments. */
export function pidsWithArgument(word: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readOrEmpty(`/proc/${pid}/cmdline`).split('\0').includes(word))
    .map(Number);
}

/** Every argument of every process. */
export function runningArguments(): ReadonlySet<string> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Set(pids.flatMap((pid) => readOrEmpty(`/proc/${pid}/cmdline`).split('\0')));
}

const capSysAdmin = 1n << 21n;

/** CAP_SYS_ADMIN (capabilities(7)): root in a container may well not have it. */
export function mayMount(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readOrEmpty('/proc/self/status'))?.[1];
  return process.getuid?.() === 0 && effective !== undefined && (BigInt(`0x${effective}`) & capSysAdmin) !== 0n;
}

/** Mount points at or beneath a path, the deepest first. */
export function mountsAt(path: string): readonly string[] {
  return mountLines()
    .map(({ point }) => point)
    .filter((mount) => mount === path || mount.startsWith(`${path}/`))
    .reverse();
}

export interface MountLine {
  readonly point: string;
  readonly type: string;
  /** Of the filesystem, such as `upperdir=…`. */
  readonly options: string;
}

/** mountinfo(5): id parent major:minor root point options [optional fields] - type source super-options. Blanks are octal. */
export function mountLines(): readonly MountLine[] {
  const plain = (text = '') =>
    text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => {
      const fields = line.split(' ');
      const dash = fields.indexOf('-', 6);
      return { point: plain(fields[4]), type: fields[dash + 1] ?? '', options: plain(fields[dash + 3]) };
    });
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
