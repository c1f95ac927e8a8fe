import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const isRoot = process.getuid?.() === 0;

/** With the id of its process behind it, so that a later run can tell what nobody uses any more. */
export const leftoverPrefix = 'pristine-test-at-';

/** A folder of one test file, and what is mounted beneath it. `remove()` takes both away; so does the next run after a crash. */
export interface Scratch {
  readonly dir: string;
  /** A new, empty folder. */
  folder(name: string): string;
  /** `mount ARGS… target`; the target is made when missing. Needs root. */
  mount(args: readonly string[], target: string): void;
  /** A writable view of `base` that leaves `base` alone: an overlay, with further mount options. Needs root. */
  overlay(base: string, name: string, options?: string): string;
  unmount(target: string): void;
  remove(): void;
}

export function scratch(): Scratch {
  sweepLeftovers();
  const dir = mkdtempSync(join(tmpdir(), `${leftoverPrefix}${process.pid}-`));
  const folder = (name: string) => {
    mkdirSync(join(dir, name), { recursive: true });
    return join(dir, name);
  };
  const mount = (args: readonly string[], target: string) => {
    mkdirSync(target, { recursive: true });
    execFileSync('mount', [...args, target], { stdio: ['ignore', 'ignore', 'inherit'] });
  };
  return {
    dir,
    folder,
    mount,
    overlay: (base, name, options) => {
      const [upper, work] = [folder(`${name}.upper`), folder(`${name}.work`)];
      // The root of an overlay takes its attributes from the upper layer.
      execFileSync('chmod', ['--reference', base, upper]);
      execFileSync('chown', ['--reference', base, upper]);
      const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}${options ? `,${options}` : ''}`;
      mount(['-t', 'overlay', '-o', layers, 'overlay'], join(dir, name));
      return join(dir, name);
    },
    unmount: (target) => void execFileSync('umount', [target]),
    remove: () => removeWithMounts(dir),
  };
}

/** Runs in a mount namespace of its own after `script`, so that its mounts end with it, even by kill -9. */
export function afterMounting(script: string): readonly string[] {
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', `${script}\nexec "$@"`, 'sh'];
}

/** Root without the right to pass over file permissions. */
export const withoutDac = [
  'setpriv',
  '--bounding-set=-dac_override,-dac_read_search',
  '--inh-caps=-dac_override,-dac_read_search',
  '--',
] as const;

/** Single quotes for sh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function sweepLeftovers(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(leftoverPrefix))) {
    const pid = name.slice(leftoverPrefix.length).split('-')[0];
    if (!existsSync(`/proc/${pid}`)) removeWithMounts(join(tmpdir(), name));
  }
}

/** Another run may be removing the same: what is gone by then is no error. */
function removeWithMounts(dir: string): void {
  for (const point of mountsBeneath(dir).reverse()) spawnSync('umount', ['--lazy', point]);
  // Deleting through a mount that is still there would delete what is mounted.
  if (mountsBeneath(dir).length > 0) throw new Error(`still mounted beneath ${dir}`);
  spawnSync('chmod', ['-R', 'u+rwX', dir]);
  execFileSync('rm', ['-rf', '--one-file-system', dir]);
}

function mountsBeneath(dir: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, oct) => String.fromCharCode(parseInt(oct, 8))),
    )
    .filter((point) => point.startsWith(`${dir}/`));
}
