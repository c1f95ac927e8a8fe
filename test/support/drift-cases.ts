import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const asFile = 'content,gid,mode,size,type,uid';
const dpkgStatus = '/var/lib/dpkg/status';
const statusChanged = `modified file ${dpkgStatus} [content,size] medium`;

/** One change of a Debian root and the whole list of findings it must give. */
export interface DriftCase {
  readonly what: string;
  readonly change: (root: string) => void;
  readonly findings: readonly string[];
}

export const driftCases: readonly DriftCase[] = [
  {
    what: 'content',
    change: (root) => appendFileSync(join(root, 'etc/debian_version'), '# changed\n'),
    findings: ['modified file /etc/debian_version [content,size] medium'],
  },
  {
    what: 'content of the same size',
    change: (root) => {
      const path = join(root, 'etc/debian_version');
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^./, 'X'));
    },
    findings: ['modified file /etc/debian_version [content] medium'],
  },
  {
    what: 'mode',
    change: (root) => chmodSync(join(root, 'etc/debian_version'), 0o600),
    findings: ['modified file /etc/debian_version [mode] medium'],
  },
  {
    what: 'owner',
    change: (root) => chownSync(join(root, 'etc/debian_version'), 1, 2),
    findings: ['modified file /etc/debian_version [gid,uid] medium'],
  },
  {
    what: 'owner of a directory',
    change: (root) => chownSync(join(root, 'usr/bin'), 0, 4),
    findings: ['modified file /usr/bin [gid] medium'],
  },
  {
    what: 'type',
    change: (root) => {
      rmSync(join(root, 'etc/debian_version'));
      symlinkSync('issue', join(root, 'etc/debian_version'));
    },
    findings: ['modified file /etc/debian_version [type] medium'],
  },
  {
    what: 'type to a FIFO',
    change: (root) => {
      rmSync(join(root, 'etc/debian_version'));
      execFileSync('mkfifo', [join(root, 'etc/debian_version')]);
    },
    findings: ['modified file /etc/debian_version [type] medium'],
  },
  {
    what: 'symlink target',
    change: (root) => {
      rmSync(join(root, 'etc/os-release'));
      symlinkSync('../usr/lib/other-release', join(root, 'etc/os-release'));
    },
    findings: ['modified file /etc/os-release [target] medium'],
  },
  {
    what: 'an added file',
    change: (root) => writeFileSync(join(root, 'usr/share/new'), 'new', { mode: 0o644 }),
    findings: [`added file /usr/share/new [${asFile}] medium`],
  },
  {
    what: 'an added directory with a file',
    change: (root) => {
      mkdirSync(join(root, 'opt/extra'));
      writeFileSync(join(root, 'opt/extra/file'), 'new');
    },
    findings: ['added file /opt/extra [gid,mode,type,uid] medium', `added file /opt/extra/file [${asFile}] medium`],
  },
  {
    what: 'a removed file',
    change: (root) => rmSync(join(root, 'etc/debian_version')),
    findings: [`removed file /etc/debian_version [${asFile}] medium`],
  },
  {
    what: 'an added package',
    change: (root) => appendFileSync(join(root, dpkgStatus), paragraph('zz-demo', '1.0-1')),
    findings: ['added package zz-demo:amd64 [purl,status,version] medium', statusChanged],
  },
  {
    what: 'a package of another version',
    change: (root) => editStatus(root, /(Package: bash\n(?:.+\n)*?Version: ).*/, '$199:0'),
    findings: [`modified package bash:${architecture()} [purl,version] medium`, statusChanged],
  },
  {
    what: 'a removed package',
    change: (root) => editStatus(root, /Package: bash\n(?:.+\n)*\n/, ''),
    findings: [`removed package bash:${architecture()} [purl,status,version] medium`, statusChanged],
  },
  {
    what: 'a new setuid file',
    change: (root) => {
      writeFileSync(join(root, 'usr/bin/rootme'), '#!/bin/sh\n');
      chmodSync(join(root, 'usr/bin/rootme'), 0o4755);
    },
    findings: [`added file /usr/bin/rootme [${asFile}] critical`],
  },
  {
    what: 'a setuid bit on a known file',
    change: (root) => chmodSync(join(root, 'usr/bin/env'), 0o4755),
    findings: ['modified file /usr/bin/env [mode] critical'],
  },
  {
    what: 'the content of a setuid file',
    change: (root) => {
      appendFileSync(join(root, 'usr/bin/passwd'), 'x');
      chmodSync(join(root, 'usr/bin/passwd'), 0o4755);
    },
    findings: ['modified file /usr/bin/passwd [content,size] critical'],
  },
  {
    what: 'the users',
    change: (root) => appendFileSync(join(root, 'etc/passwd'), 'eve:x:0:0::/root:/bin/sh\n'),
    findings: [
      'added user eve [files,gid,home,password,shell,uid] critical',
      'modified file /etc/passwd [content,size] high',
    ],
  },
  {
    what: 'sudoers',
    change: (root) => {
      mkdirSync(join(root, 'etc/sudoers.d'));
      writeFileSync(join(root, 'etc/sudoers.d/eve'), 'eve ALL=(ALL) NOPASSWD: ALL\n');
    },
    findings: [
      'added file /etc/sudoers.d [gid,mode,type,uid] high',
      `added file /etc/sudoers.d/eve [${asFile}] high`,
      'added sudoers eve ALL=(ALL) NOPASSWD: ALL [files] critical',
    ],
  },
  {
    what: 'nothing that counts: logs, caches, temporary files, the host name',
    change: (root) => {
      writeFileSync(join(root, 'var/log/syslog'), 'line\n');
      writeFileSync(join(root, 'tmp/x'), 'x');
      writeFileSync(join(root, 'var/tmp/x'), 'x');
      writeFileSync(join(root, 'var/cache/x'), 'x');
      writeFileSync(join(root, 'etc/hostname'), 'web-17\n');
      writeFileSync(join(root, 'etc/machine-id'), '0123456789abcdef0123456789abcdef\n');
    },
    findings: [],
  },
];

function paragraph(name: string, version: string): string {
  return `Package: ${name}
Status: install ok installed
Priority: optional
Section: misc
Maintainer: Nobody <nobody@example.com>
Architecture: amd64
Version: ${version}
Description: a demo
 and a second line
 .
 Version: 2.0 is not a field

`;
}

function editStatus(root: string, pattern: RegExp, replacement: string): void {
  const before = readFileSync(join(root, dpkgStatus), 'utf8');
  const after = before.replace(pattern, replacement);
  if (after === before) throw new Error('nothing was replaced');
  writeFileSync(join(root, dpkgStatus), after);
}

function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
