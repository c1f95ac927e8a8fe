import { describe, expect, it } from 'vitest';
import { factForms, factSubjects } from '../../shared/fact.ts';
import { factSentence } from '../../shared/fact-text.ts';
import type { Difference } from '../../shared/finding.ts';

type Attributes = Difference['expected'];

const added = (subject: string, name: string, actual: Attributes): Difference => ({
  subject,
  name,
  change: 'added',
  attributes: Object.keys(actual).sort(),
  expected: {},
  actual,
});
const removed = (subject: string, name: string, expected: Attributes): Difference => ({
  ...added(subject, name, expected),
  change: 'removed',
  expected,
  actual: {},
});
const modified = (subject: string, name: string, expected: Attributes, actual: Attributes): Difference => ({
  subject,
  name,
  change: 'modified',
  attributes: Object.keys({ ...expected, ...actual }).filter(
    (key) => JSON.stringify(expected[key]) !== JSON.stringify(actual[key]),
  ),
  expected,
  actual,
});

const eve = { uid: 0, gid: 0, home: '/root', shell: '/bin/sh', password: 'set', files: ['/etc/passwd'] };
const unit = { state: 'enabled', dropIns: [], triggers: [], commands: ['/usr/sbin/sshd -D'], files: ['/x'] };
const openssl = { version: '3.0.15', status: 'install ok installed', purl: 'pkg:deb/debian/openssl@3.0.15' };
const key = { keyType: 'ssh-ed25519', files: ['/root/.ssh/authorized_keys'] };
const pam = { rules: ['auth required a.so', 'auth required b.so'], files: ['/etc/pam.d/su'] };

describe('a difference as a sentence', () => {
  it.each<[string, Difference]>([
    ['user eve added, uid 0', added('user', 'eve', eve)],
    ['user eve added, uid 0, no password is asked', added('user', 'eve', { ...eve, password: 'none' })],
    ['user eve removed, uid 0', removed('user', 'eve', eve)],
    [
      'user eve changed, uid 5 → 0, password locked → set',
      modified('user', 'eve', { ...eve, uid: 5, password: 'locked' }, eve),
    ],
    [
      'line added, not understood: /etc/passwd: +::::::',
      added('user', '/etc/passwd: +::::::', { files: ['/etc/passwd'] }),
    ],
    [
      'group sudo added, gid 27, members bob, eve',
      added('group', 'sudo', { gid: 27, members: ['bob', 'eve'], files: [] }),
    ],
    [
      'group sudo changed, members + eve, − bob',
      modified('group', 'sudo', { gid: 27, members: ['bob'] }, { gid: 27, members: ['eve'] }),
    ],
    ['key SHA256:abc may log in as root', added('authorized-key', 'root SHA256:abc', key)],
    [
      'keys certified by SHA256:abc may log in as root, with cert-authority,principals="a"',
      added('authorized-key', 'root SHA256:abc #2', { ...key, options: 'cert-authority,principals="a"' }),
    ],
    [
      'key SHA256:abc may log in as root, with command="a \\\\",cert-authority,b"',
      added('authorized-key', 'root SHA256:abc', { ...key, options: 'command="a \\\\",cert-authority,b"' }),
    ],
    ['key SHA256:abc may no longer log in as a b', removed('authorized-key', 'a b SHA256:abc', key)],
    [
      'key SHA256:abc for root changed, options from="a" → none',
      modified('authorized-key', 'root SHA256:abc', { ...key, options: 'from="a"' }, key),
    ],
    ['line removed, not understood: root /k: x', removed('authorized-key', 'root /k: x', { files: ['/k'] })],
    ['sudoers rule added: eve ALL=(ALL) NOPASSWD: ALL', added('sudoers', 'eve ALL=(ALL) NOPASSWD: ALL', { files: [] })],
    ['unit ssh.service was enabled, is masked', modified('unit', 'ssh.service', unit, { ...unit, state: 'masked' })],
    [
      'unit ssh.service, enabled, changed, dropIns + /etc/x.conf',
      modified('unit', 'ssh.service', unit, { ...unit, dropIns: ['/etc/x.conf'] }),
    ],
    ['unit ssh.service added, enabled', added('unit', 'ssh.service', unit)],
    [
      'package openssl:amd64 3.0.15 → 3.0.16',
      modified('package', 'openssl:amd64', openssl, { ...openssl, version: '3.0.16', purl: 'x' }),
    ],
    ['package openssl:amd64 3.0.15 added', added('package', 'openssl:amd64', openssl)],
    [
      'package openssl:amd64 3.0.15 changed, status install ok installed → hold ok installed',
      modified('package', 'openssl:amd64', openssl, { ...openssl, status: 'hold ok installed' }),
    ],
    [
      'what PAM asks for su changed: + auth sufficient c.so',
      modified('pam', 'su', pam, { ...pam, rules: [...pam.rules, 'auth sufficient c.so'] }),
    ],
    [
      'what PAM asks for su changed: in another order',
      modified('pam', 'su', pam, { ...pam, rules: pam.rules.toReversed() }),
    ],
    ['what PAM asks for su removed: auth required a.so, auth required b.so', removed('pam', 'su', pam)],
    ['/a.so is loaded into every program', added('preload', '/a.so', { files: ['/etc/ld.so.preload'] })],
    [
      'library path of /etc/ld.so.conf changed: + /evil',
      modified('library-path', '/etc/ld.so.conf', { directories: ['/a'] }, { directories: ['/evil', '/a'] }),
    ],
    [
      'certificate of CN=b is trusted until 2030-01-01T00:00:00.000Z',
      added('ca-certificate', 'SHA256:ab', { subjectName: 'CN=b', notAfter: '2030-01-01T00:00:00.000Z', files: [] }),
    ],
    ['certificate SHA256:ab is no longer trusted', removed('ca-certificate', 'SHA256:ab', { files: [] })],
    [
      'cron job added: * * * * * as root: /bin/x',
      added('cron', 'n', { schedule: '* * * * *', user: 'root', command: '/bin/x', files: [] }),
    ],
    ['sysctl net.ipv4.ip_forward 0 → 1', modified('sysctl', 'net.ipv4.ip_forward', { value: '0' }, { value: '1' })],
    [
      'kernel command line of /etc/default/grub changed: + init=/bin/sh',
      modified('cmdline', '/etc/default/grub', { parameters: [] }, { parameters: ['init=/bin/sh'] }),
    ],
    ['module setting blacklist nouveau added', added('kernel-module', 'blacklist nouveau', { values: [], files: [] })],
    ['package source deb x removed', removed('repository', 'deb x', { enabled: 'yes', options: [], files: [] })],
    ['process /tmp/x runs, which is not in the image', added('process', '/tmp/x', { state: 'not-baked' })],
    ['process /tmp/x runs, and its file was deleted', added('process', '/tmp/x', { state: 'deleted' })],
    ['process memfd:x runs, from memory, without a file', added('process', 'memfd:x', { state: 'memfd' })],
    ['module evil is loaded, which is not in the image (taints OE)', added('loaded-module', 'evil', { taints: 'OE' })],
    [
      'tcp/4444 listens, held by /tmp/x, which the rules do not declare',
      added('listening-socket', 'tcp/4444', { programs: ['/tmp/x'], reach: 'network' }),
    ],
    [
      'udp/68 listens on this machine only, held by no program that is seen, which the rules do not declare',
      added('listening-socket', 'udp/68', { programs: [], reach: 'local' }),
    ],
    [
      'library /x.so is in a process of our own, and is not in the image',
      added('loaded-library', '/x.so', { state: 'not-baked' }),
    ],
    [
      'library /x.so is in a process of our own, and its file was deleted',
      added('loaded-library', '/x.so', { state: 'deleted' }),
    ],
    ['module evil is loaded, which is not in the image', added('loaded-module', 'evil', {})],
    [
      'kernel 6.9 runs, the image has 5.10, 6.1',
      modified('kernel-running', 'kernel', { releases: ['5.10', '6.1'] }, { releases: ['6.9'] }),
    ],
    ['wormhole x added', added('wormhole', 'x', {})],
    ['constructor x added', added('constructor', 'x', {})],
  ])('%s', (expected, difference) => {
    expect(factSentence(difference)).toBe(expected);
  });

  it.each(factSubjects)('is there for each change of %s, whatever attributes it has', (subject) => {
    const full = Object.fromEntries(
      Object.entries(factForms[subject]).map(([key, form]) => [
        key,
        form === 'list' ? ['a'] : form.startsWith('number') ? 1 : 'a',
      ]),
    );
    const other = Object.fromEntries(
      Object.entries(factForms[subject]).map(([key, form]) => [
        key,
        form === 'list' ? [] : form.startsWith('number') ? 2 : 'b',
      ]),
    );
    const differences = [
      ...[full, {}].flatMap((one) => [added(subject, 'n', one), removed(subject, 'n', one)]),
      modified(subject, 'n', full, other),
      modified(subject, 'n', {}, {}),
    ];

    const sentences = differences.map(factSentence);

    expect(sentences.filter((sentence) => sentence === '' || sentence.includes('\n'))).toEqual([]);
    expect(new Set(sentences.slice(0, 2)).size).toBe(2);
  });

  it('is short, whatever stands in a file', () => {
    const members = Array.from({ length: 9_000 }, (_, n) => `user${n}`.padEnd(300, 'x'));

    expect(factSentence(added('group', 'g', { gid: 1, members, files: [] })).length).toBeLessThan(300);
  });
});
