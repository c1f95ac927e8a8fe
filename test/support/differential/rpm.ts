import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBehindLink, kindAt } from './file-kind.ts';
import type { Peer, Telling, Told } from './told.ts';

/** What of a Debian becomes the one package of the root. */
const folders = ['etc', 'usr/bin', 'usr/sbin'] as const;
const database = ['--dbpath', '/var/lib/rpm', '--define', '_db_backend sqlite'] as const;

/** A root into which rpm has installed a package of the files of a Debian, made by rpmbuild. Needs root. */
export function installAsRpm(debian: string, folder: string): string {
  const root = join(folder, 'rpm-root');
  const top = join(folder, 'rpmbuild');
  for (const made of [root, join(top, 'BUILD')]) mkdirSync(made, { recursive: true });
  writeFileSync(join(top, 'BUILD/list'), fileList(debian));
  writeFileSync(join(folder, 'files.spec'), specification(debian));
  const define = [
    `_topdir ${top}`,
    '_build_id_links none',
    '__os_install_post %{nil}',
    'debug_package %{nil}',
    '_binary_payload w0.gzdio',
  ].flatMap((one) => ['--define', one]);
  run('rpmbuild', ['--quiet', '-bb', ...define, join(folder, 'files.spec')]);
  const [packet = ''] = run('find', [join(top, 'RPMS'), '-name', '*.rpm']).split('\n');
  const install = ['--root', root, ...database, '--nodeps', '--noscripts', '--replacepkgs', '-U', packet];
  // Only the second time does it know the groups, which the first time has brought.
  for (const _time of ['first', 'second']) run('rpm', install);
  return root;
}

function specification(debian: string): string {
  const copies = folders.map(
    (at) => `mkdir -p $(dirname %{buildroot}/${at}); cp -a ${debian}/${at} %{buildroot}/${at}`,
  );
  return `Name: files
Version: 1
Release: 1
Summary: the files of a Debian
License: MIT
AutoReqProv: no
%description
The files of a Debian.
%install
${copies.join('\n')}
%files -f list
%defattr(-,-,-,-)
`;
}

function fileList(debian: string): string {
  const attributes = '%%attr(%m,%u,%g) "/%p"\\n';
  return execFileSync(
    'find',
    [
      ...folders,
      '-type',
      'd',
      '-printf',
      `%%dir ${attributes}`,
      '-o',
      '-type',
      'l',
      '-printf',
      '"/%p"\\n',
      '-o',
      '-printf',
      attributes,
    ],
    { cwd: debian, encoding: 'utf8' },
  );
}

/** `rpm -Va`, which knows of a path all but ACLs, extended attributes and flags, and of what no package brought nothing. */
export function rpmPeer(root: string, original: string): Peer {
  const listed = new Set(
    run('rpm', ['--root', original, ...database, '-qal'])
      .split('\n')
      .filter(Boolean),
  );
  const known = new Set(['type', ...Object.values(attributes)]);
  const sees = (path: string) => listed.has(path) && !isBehindLink(root, original, path);
  return {
    name: 'rpm -Va',
    seesAdded: () => false,
    seesRemoved: sees,
    knows: (path) => (sees(path) ? known : new Set()),
    look: () => {
      const tool = spawnSync('rpm', ['--root', root, ...database, '-Va', '--nodeps'], {
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      });
      if (tool.error) throw tool.error;
      return readReport(tool.stdout, (path) => kindAt(join(root, path)) !== kindAt(join(original, path)));
    },
  };
}

/** rpm(8): the letters of its nine columns; T is the time of change, which Pristine does not compare. */
const attributes: Readonly<Record<string, string>> = {
  S: 'size',
  M: 'mode',
  '5': 'content',
  D: 'rdev',
  L: 'target',
  U: 'uid',
  G: 'gid',
  P: 'capabilities',
};

/** `S.5....T.  c /path` or `missing     /path`. */
function readReport(text: string, isOther: (path: string) => boolean): Telling {
  const told = new Map<string, Told>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, word, path] = /^(missing|[?.SM5DLUGTP]{9}) +(?:[cdglr] )?(\/.*?)(?: \([A-Z].*\))?$/.exec(line) ?? [];
    if (word === undefined || path === undefined) throw new Error(`rpm says what nobody expects: ${line}`);
    // Mode and type are one letter, and where something has become a link only the link is told: the file itself says which.
    const names =
      word === 'missing'
        ? []
        : [...word].flatMap((letter) => ('ML'.includes(letter) && isOther(path) ? 'type' : (attributes[letter] ?? [])));
    told.set(path, word === 'missing' ? 'removed' : new Set(names));
  }
  return told;
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] });
}
