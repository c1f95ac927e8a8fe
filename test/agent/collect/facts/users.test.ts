import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groups, parseGroups } from '../../../../agent/collect/facts/groups.ts';
import { parsePasswd, parseShadow, users } from '../../../../agent/collect/facts/users.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

const hash = '$6$salt$0123456789abcdef';

describe('accounts', () => {
  let root: FactsRoot;
  beforeEach(() => {
    root = factsRoot();
  });
  afterEach(() => root.remove());

  it.each([
    ['garbage', 'garbage'],
    ['no uid', 'eve:x::0::/:/bin/sh'],
    ['a uid of letters', 'eve:x:zero:0::/:/bin/sh'],
    ['a uid past 32 bits', 'eve:x:4294967296:0::/:/bin/sh'],
    ['a uid far past 32 bits', 'eve:x:18446744073709551616:0::/:/bin/sh'],
    ['a negative uid', 'eve:x:-1:0::/:/bin/sh'],
    ['more fields', 'eve:x:0:0::/:/bin/sh:x'],
    ['no name', ':x:0:0::/:/bin/sh'],
    ['a NIS line', '+::::::'],
    ['a NUL in the uid', 'eve:x:0\0:0::/:/bin/sh'],
  ])('keep a line that is not understood: %s', (_what, line) => {
    expect(parsePasswd(`${line}\nbin:x:2:2:::\n`)).toEqual([
      { notUnderstood: line },
      { name: 'bin', field: 'x', uid: 2, gid: 2, home: '', shell: '' },
    ]);
  });

  it.each([
    ['what glibc calls complete', 'eve:x:0:0', { home: '', shell: '' }],
    ['no trailing newline', 'eve:x:0:0::/root:/bin/sh', { home: '/root', shell: '/bin/sh' }],
    ['carriage returns', 'eve:x:0:0::/root:/bin/sh\r\n', { home: '/root', shell: '/bin/sh\r' }],
    ['blanks in front', ' \teve:x: 0:+0::/root:', { home: '/root', shell: '' }],
    ['signs and zeros', 'eve:x:00:-0::/root:/bin/sh\n', { home: '/root', shell: '/bin/sh' }],
    ['bytes that are no UTF-8', 'eve:x:0:0:\xff:/\xe9:\n', { home: '/\xe9', shell: '' }],
  ])('are read as glibc reads them: %s', (_what, text, expected) => {
    expect(parsePasswd(`# root:x:0:0\n\n${text}`)).toEqual([{ name: 'eve', field: 'x', uid: 0, gid: 0, ...expected }]);
  });

  it('say whether there is a password, and never the hash', () => {
    root.put('etc/passwd', ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}:x:1:1::/:/bin/sh`).join('\n'));
    root.put('etc/shadow', `a::1\nb:!${hash}:1\nc:*:1\nd:${hash}:1\nd::1\ne\n`);

    const { entries, holes } = root.facts(users);

    expect(holes).toEqual([]);
    expect(entries.map((entry) => [entry.name, 'password' in entry && entry.password])).toEqual([
      ['a', 'none'],
      ['b', 'locked'],
      ['c', 'locked'],
      ['d', 'set'],
      ['e', 'absent'],
      ['f', 'absent'],
    ]);
    expect(JSON.stringify(entries)).not.toContain('salt');
  });

  it('say it too of passwords that stand in passwd, without showing them', () => {
    root.put('etc/passwd', `a:${hash}:0:0::/:\nb::0:0::/:\nc:*:0:0::/:\nd:${hash}:no\ne ${hash}\n`);

    const { entries } = root.facts(users);

    expect(entries.map((entry) => [entry.name, 'password' in entry && entry.password])).toEqual([
      ['/etc/passwd: d:«redacted»:no', false],
      ['/etc/passwd: e «redacted»', false],
      ['a', 'set'],
      ['b', 'none'],
      ['c', 'locked'],
    ]);
    expect(JSON.stringify(entries)).not.toContain('salt');
  });

  it('may be there twice, alike or not', () => {
    root.put('etc/passwd', 'eve:x:1:1::/:\neve:x:0:0::/:\neve:x:1:1::/:\n');

    expect(root.names(users)).toEqual(['eve', 'eve #2']);
  });

  it('are read through links inside the root, and never outside of it', () => {
    root.put('usr/share/users', 'eve:x:0:0\n');
    root.link('../../../../../../../usr/share/users', 'etc/passwd');
    root.link('/proc/self/environ', 'etc/group');

    expect(root.names(users, groups)).toEqual(['eve']);
  });

  it('are nothing where there is a directory, a loop or no file', () => {
    mkdirSync(join(root.dir, 'etc/passwd'), { recursive: true });
    root.link('group', 'etc/group');

    expect(root.names(users, groups)).toEqual([]);
  });

  it('have a bound: a line of a megabyte is a fact with its digest, one of many differences takes no time', () => {
    const many = Array.from({ length: 30_000 }, (_, uid) => `eve:x:${uid}:0`).join('\n');
    root.put('etc/passwd', `${'a'.repeat(1_048_576)}\n${' '.repeat(1_048_576)}x${' '.repeat(1_048_576)}x\n${many}\n`);

    const names = root.names(users);

    expect(names).toHaveLength(30_002);
    expect(names.filter((name) => name.includes(', sha256:'))).toHaveLength(2);
  });
});

describe('shadow', () => {
  it('counts the first line of an account, and no line without a field', () => {
    expect([...parseShadow('\0\nroot\nroot:*\nroot::\n# eve::\n \xff::')]).toEqual([
      ['root', 'locked'],
      ['\xff', 'none'],
    ]);
  });
});

describe('groups', () => {
  it('have sorted members, each once, whatever blanks stand between', () => {
    expect(parseGroups('sudo:x:27:eve, \xc3\xa0 ,,bob,eve\r')).toEqual([
      { name: 'sudo', gid: 27, members: ['bob', 'eve', '\xc3\xa0'] },
    ]);
  });

  it('are kept as lines where they are not understood', () => {
    expect(parseGroups(`+:::\nsudo:${hash}:x:eve\nsudo`)).toEqual([
      { notUnderstood: '+:::' },
      { notUnderstood: 'sudo:\xc2\xabredacted\xc2\xbb:x:eve' },
      { notUnderstood: 'sudo' },
    ]);
  });

  it('may have more members than a line of a manifest holds', () => {
    const root = factsRoot();
    root.put('etc/group', `all:x:9:${Array.from({ length: 50_000 }, (_, n) => `user${n}`).join(',')}`);

    const [group] = root.facts(groups).entries;

    expect(group?.subject === 'group' && group.members.at(-1)).toMatch(/^\.\.\. \(\d+ more, sha256:[0-9a-f]{64}\)$/);
    root.remove();
  });
});
