import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lutimesSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface DebFile {
  /** Absolute, as installed. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

export interface Deb {
  readonly files: readonly DebFile[];
  /** Maintainer scripts and other files of the control part, by name. */
  readonly control: Readonly<Record<string, Buffer>>;
  /** Seconds since the epoch: the time of every file inside, so that the same input gives the same package. */
  readonly epoch: number;
}

const scripts = new Set(['preinst', 'postinst', 'prerm', 'postrm']);

/** Lays the files out in a folder and has dpkg-deb pack them, as root's without being root. */
export function writeDeb(out: string, deb: Deb): void {
  const root = mkdtempSync(join(tmpdir(), 'pristine-deb-'));
  try {
    const folders = new Set([root]);
    const files = [...deb.files, ...controlFiles(deb)];
    for (const { path, content, mode } of files) {
      const file = join(root, path);
      for (let folder = dirname(file); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      // Not by the mode of writeFile, which the umask of the builder would cut.
      chmodSync(file, mode);
      lutimesSync(file, deb.epoch, deb.epoch);
    }
    // Deepest first: writing into a folder changes its time.
    for (const folder of [...folders].sort().reverse()) {
      chmodSync(folder, 0o755);
      lutimesSync(folder, deb.epoch, deb.epoch);
    }
    mkdirSync(dirname(out), { recursive: true });
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z2', '--build', root, out], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(deb.epoch) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function controlFiles({ files, control }: Deb): DebFile[] {
  const sums = files
    .map(({ path, content }) => `${createHash('md5').update(content).digest('hex')}  ${path.slice(1)}\n`)
    .sort((a, b) => (a.slice(34) < b.slice(34) ? -1 : 1))
    .join('');
  const configuration = files.map(({ path }) => `${path}\n`).filter((path) => path.startsWith('/etc/'));
  return Object.entries({
    ...control,
    md5sums: Buffer.from(sums),
    conffiles: Buffer.from(configuration.join('')),
  }).map(([name, content]) => ({ path: `/DEBIAN/${name}`, content, mode: scripts.has(name) ? 0o755 : 0o644 }));
}

/** What dpkg calls Installed-Size. */
export function installedKib(files: readonly DebFile[]): number {
  return files.reduce((sum, { content }) => sum + Math.ceil(content.length / 1024), 0);
}

export function readPart(file: string): Buffer {
  return readFileSync(join(import.meta.dirname, file));
}
