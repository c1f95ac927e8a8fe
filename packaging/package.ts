/**
 * npm run package: the agent as a Debian package, dist/pristine-agent_<version>_<architecture>.deb
 *
 * The same commit gives the same bytes: every time inside is SOURCE_DATE_EPOCH, else that of the commit.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleAgent } from './bundle.ts';
import { type DebFile, installedKib, readPart, writeDeb } from './deb.ts';
import { houseDir } from './run-command.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const { version } = JSON.parse(readFileSync(join(houseDir, 'package.json'), 'utf8')) as { version: string };
const architecture = architectures[process.arch];
if (architecture === undefined) throw new Error(`no package for ${process.arch}: expected x64 or arm64`);
const runtime = join(houseDir, `node_modules/node-linux-${process.arch}`);

const work = mkdtempSync(join(tmpdir(), 'pristine-package-'));
try {
  const files = [...(await program()), ...host()];
  const control = readPart('deb/control')
    .toString()
    .replace('@version@', version)
    .replace('@architecture@', architecture)
    .replace('@installedKib@', String(installedKib(files)));
  const out = join(houseDir, `dist/pristine-agent_${version}_${architecture}.deb`);
  writeDeb(out, {
    files,
    control: {
      control: Buffer.from(control),
      postinst: readPart('deb/postinst'),
      prerm: readPart('deb/prerm'),
      postrm: readPart('deb/postrm'),
    },
    epoch: sourceDateEpoch(),
  });
  console.log(out);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** /usr/lib/pristine, and what its licences ask for. */
async function program(): Promise<DebFile[]> {
  const bundle = await bundleAgent(join(work, 'agent'));
  const node = join(work, 'node');
  // Symbols of functions nobody calls by name: an eighth of the file.
  execFileSync('strip', ['--strip-unneeded', '-o', node, join(runtime, 'bin/node')]);
  return [
    { path: '/usr/lib/pristine/bin/node', content: readFileSync(node), mode: 0o755 },
    ...bundle.files.map((name) => plain(`/usr/lib/pristine/${name}`, readFileSync(join(work, 'agent', name)))),
    plain('/usr/share/doc/pristine-agent/copyright', readPart('deb/copyright')),
    plain('/usr/share/doc/pristine-agent/node-LICENSE.gz', gzipSync(readFileSync(join(runtime, 'LICENSE')))),
    plain('/usr/share/doc/pristine-agent/third-party-licenses.gz', gzipSync(licensesOf(bundle.packages))),
    plain('/usr/share/doc/pristine-agent/changelog.gz', gzipSync(readFileSync(join(houseDir, 'CHANGELOG.md')))),
  ];
}

/** What the machine sees of it: the command, the unit, the example. */
function host(): DebFile[] {
  return [
    { path: '/usr/bin/pristine', content: readPart('deb/launcher.sh'), mode: 0o755 },
    plain('/usr/lib/systemd/system/pristine-agent.service', readPart('systemd/pristine-agent.service')),
    plain('/usr/lib/systemd/system-preset/90-pristine.preset', readPart('systemd/90-pristine.preset')),
    plain('/etc/pristine/agent.yaml.example', readPart('etc/agent.yaml.example')),
  ];
}

function plain(path: string, content: Buffer): DebFile {
  return { path, content, mode: 0o644 };
}

/** A package without a licence of its own must not be shipped unseen. */
function licensesOf(packages: readonly string[]): string {
  return packages
    .map((name) => {
      const folder = join(houseDir, 'node_modules', name);
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name}: expected a licence file in ${folder}`);
      return `${name}\n${'='.repeat(name.length)}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join('\n\n');
}

function sourceDateEpoch(): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return Number(given);
  return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: houseDir, encoding: 'utf8' }));
}
