import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleAgent } from '../../packaging/bundle.ts';
import { Report } from '../../shared/report.ts';
import { bakeSigned, type Keys } from './pristine-cli.ts';
import { quoted, type Scratch } from './scratch.ts';
import { until } from './until.ts';

/** A machine of its own: namespaces of mounts and mostly of processes and network, whose root is a Debian with the agent in it; a `sleep` holds them. */
export interface LiveMachine {
  /** Runs to its end. */
  readonly run: (...command: readonly string[]) => { readonly code: number | null; readonly stdout: string };
  /** The command line that runs a command there, for who starts it in another way. */
  readonly inside: (...command: readonly string[]) => readonly string[];
  /** Starts what stays until it is stopped: once its program is what `runs` says, as the kernel writes it. */
  readonly start: (runs: string, ...command: readonly string[]) => Promise<{ readonly stop: () => Promise<void> }>;
  /** `before` is a command that ends by running its arguments. */
  readonly verify: (
    before?: readonly string[],
    manifest?: string,
  ) => { readonly code: number | null; readonly report: Report };
  readonly stop: () => void;
}

const program = '/usr/lib/pristine';
const pub = '/etc/pristine/trusted.pub';

/** Puts the agent and its runtime into a root, as the package does. */
export async function installAgent(root: string, keys: Keys): Promise<void> {
  const { entry } = await bundleAgent(join(root, program));
  mkdirSync(join(root, program, 'bin'), { recursive: true });
  mkdirSync(join(root, 'etc/pristine'), { recursive: true });
  copyFileSync(process.execPath, join(root, program, 'bin/node'));
  copyFileSync(keys.pub, join(root, pub));
  if (!entry.endsWith('/pristine.js')) throw new Error(`the bundle begins at ${entry}`);
}

export async function bakeInto(place: Scratch, keys: Keys, root: string, at: string, config?: string): Promise<void> {
  const out = join(place.folder('manifests'), at.replaceAll('/', '-'));
  await bakeSigned({ root, out, key: keys.key, config });
  mkdirSync(join(root, at), { recursive: true });
  cpSync(out, join(root, at), { recursive: true });
}

/** `processes`: `shared` where the agent shall follow them, which the kernel allows in the first namespaces alone. */
export async function startMachine(root: string, processes: 'own' | 'shared' = 'own'): Promise<LiveMachine> {
  const script = `mount -t proc proc ${quoted(root)}/proc; cd ${quoted(root)}; pivot_root . mnt; umount -l mnt; exec chroot . sleep 3600`;
  const isolated = processes === 'own' ? ['--net', '--pid', '--fork', '--kill-child'] : [];
  const namespaces = ['unshare', '--mount', '--propagation', 'private', ...isolated, 'sh', '-ec', script];
  const unshare = spawn('setpriv', [...endingWithUs, ...namespaces], { stdio: ['ignore', 'ignore', 'inherit'] });
  let first = '';
  await until(() => {
    first = (processes === 'own' ? childOf(unshare.pid!) : `${unshare.pid}`) ?? '';
    return first !== '' && nameOf(first) === 'sleep';
  });
  const inside = (...command: readonly string[]) => [
    ...['setpriv', ...endingWithUs, 'nsenter'],
    ...['--target', first, '--mount', '--root', '--wd', ...(processes === 'own' ? ['--net', '--pid'] : []), '--'],
    ...command,
  ];
  const run: LiveMachine['run'] = (...command) => {
    const [file, ...args] = inside(...command);
    const { status, stdout, stderr } = spawnSync(file!, args, { encoding: 'utf8', env, maxBuffer: 64 * 1_048_576 });
    if (stderr !== '' && status !== 0 && status !== 1 && status !== 3)
      throw new Error(`${command.join(' ')}: ${stderr}`);
    return { code: status, stdout };
  };
  return {
    run,
    inside,
    start: async (runs, ...command) => {
      const [file, ...args] = inside(...command);
      const started = spawn(file!, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
      let pid: string | undefined;
      await until(() => {
        if (started.exitCode !== null) throw new Error(`${command.join(' ')} ended`);
        pid = programsFrom(`${started.pid}`).find((one) => one.program === runs)?.pid;
        return pid !== undefined;
      });
      return {
        stop: async () => {
          process.kill(Number(pid), 'SIGKILL');
          await until(() => started.exitCode !== null || started.signalCode !== null);
        },
      };
    },
    verify: (before = [], manifest = `${program}/manifest`) => {
      const verify = [`${program}/bin/node`, `${program}/pristine.js`, 'verify', '--format', 'json'];
      const { code, stdout } = run(...before, ...verify, '--manifest', manifest, '--pub', pub);
      return { code, report: Report.parse(JSON.parse(stdout)) };
    },
    stop: () => unshare.kill('SIGKILL'),
  };
}

/** Else what shares its processes with us would outlive a crash. */
const endingWithUs = ['--pdeathsig', 'KILL'];

const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

function programsFrom(pid: string): { readonly pid: string; readonly program: string }[] {
  const child = childOf(Number(pid));
  return [{ pid, program: linkOf(pid) }, ...(child === undefined ? [] : programsFrom(child))];
}

function childOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] || undefined;
  } catch {
    return undefined;
  }
}

function nameOf(pid: string): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

/** As those inside see it. */
function linkOf(pid: string): string {
  try {
    return execFileSync('readlink', [`/proc/${pid}/exe`], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
