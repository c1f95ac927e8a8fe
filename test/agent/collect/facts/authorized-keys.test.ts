import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorizedKeys, keyPath } from '../../../../agent/collect/facts/authorized-keys.ts';
import { parseAuthorizedKeys, splitOptions } from '../../../../agent/collect/facts/authorized-keys-lines.ts';
import { parseSshdConfig } from '../../../../agent/collect/facts/sshd-config.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

/** What `ssh-keygen -lf` says of it. */
const fingerprint = 'SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';

const blobOf = (type: string, rest = 'x') => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type + rest)]).toString('base64');
};

describe('lines of authorized_keys', () => {
  it.each([
    ['a key', key, ''],
    ['one with a comment', `${key} eve@laptop # x`, ''],
    ['one with blanks and a carriage return', ` \t${key.replace(' ', '\t ')}\r`, ''],
    ['options', `no-pty,From="10.0.0.0/8,*.example" ${key}`, 'no-pty,from="10.0.0.0/8,*.example"'],
    ['blanks in quotes', `command="sh -c 'x'",RESTRICT ${key}`, `command="sh -c 'x'",restrict`],
    ['escaped quotes', `command="echo \\"a, b\\" c",no-pty ${key}`, 'command="echo \\"a, b\\" c",no-pty'],
    ['an authority', `cert-authority,principals="root" ${key} ca`, 'cert-authority,principals="root"'],
    ['a key after a NUL in the comment', `${key} a\0b`, ''],
    ['options that nobody knows', `\xff=\xe9,x ${key}`, '\xff=\xe9,x'],
  ])('are keys: %s', (_what, line, options) => {
    expect(parseAuthorizedKeys(`# comment\n\n${line}`)).toEqual([{ fingerprint, keyType: 'ssh-ed25519', options }]);
  });

  it.each(['ssh-mldsa-65', 'sk-ssh-ed25519@openssh.com', 'ssh-rsa-cert-v01@openssh.com'])(
    'are keys of types not known here: %s',
    (keyType) => {
      expect(parseAuthorizedKeys(`${keyType} ${blobOf(keyType)}`)).toMatchObject([{ keyType }]);
    },
  );

  it.each([
    ['words', 'hello  world'],
    ['a type alone', 'ssh-ed25519'],
    ['a type and another key', `ssh-rsa ${blobOf('ssh-dss')}`],
    ['no base64', 'ssh-ed25519 !!!!'],
    ['a length past the end', 'ssh-ed25519 //////8='],
    ['an open quote', `command="x ${key}`],
    ['a key of SSH 1', '1024 65537 1234567890'],
    ['a key after a NUL', `\0${key}`],
    ['bytes', '\xff\xfe\xa0'],
  ])('are kept where they hold no key: %s', (_what, line) => {
    expect(parseAuthorizedKeys(line)).toEqual([{ notUnderstood: line.replaceAll('  ', ' ') }]);
  });

  it.each([
    ['blanks', `${'a '.repeat(500_000)}`],
    ['quotes', '"\\"'.repeat(300_000)],
    ['commas', ','.repeat(1_000_000)],
    ['a type', `${'a'.repeat(1_000_000)} ${'A'.repeat(1_000_000)}`],
  ])('take one pass: %s', (_what, line) => {
    expect(parseAuthorizedKeys(line)).toHaveLength(1);
  });

  it('have options between commas outside quotes', () => {
    expect(splitOptions('a,,b="x,\\",y",c')).toEqual(['a', 'b="x,\\",y"', 'c']);
  });
});

describe('sshd_config', () => {
  it('has keywords in any case, quotes, comments and an equals sign', () => {
    const text =
      'AUTHORIZEDKEYSFILE=.ssh/a "/etc/k s/%u" # c\n\tInclude\t= x\\"y\r\n#Include z\nMatch User eve\n\nX "open';

    expect(parseSshdConfig(text)).toEqual([
      { keyword: 'authorizedkeysfile', values: ['.ssh/a', '/etc/k s/%u'] },
      { keyword: 'include', values: ['x"y'] },
      { keyword: 'match', values: ['User', 'eve'] },
      { keyword: 'x', values: ['open'] },
    ]);
  });

  it.each([
    ['%h/k', '/home/eve/k'],
    ['/k/%u-%U%%h', '/k/eve-7%h'],
    ['.k', '/home/eve/.k'],
    ['/%x%', '/%x%'],
  ])('names files by tokens: %s', (keyFile, expected) => {
    expect(keyPath(keyFile, { name: 'eve', uid: 7, home: '/home/eve' })).toBe(expected);
  });
});

describe('keys that may log in', () => {
  let root: FactsRoot;
  beforeEach(() => {
    root = factsRoot();
    root.put('etc/passwd', 'root:x:0:0::/root:/bin/sh\neve:x:7:7::/home/eve:/bin/sh\nodd:x:8:8::relative:\n');
  });
  afterEach(() => root.remove());

  it('are found in homes, by sshd_config and by what it includes, whatever its conditions', () => {
    root.put('etc/ssh/sshd_config', 'Include sshd_config.d/*.conf\nAuthorizedKeysFile none\n');
    root.put(
      'etc/ssh/sshd_config.d/a.conf',
      'Match User eve\n AuthorizedKeysFile /etc/keys/%u\nInclude /etc/ssh/*_config\n',
    );
    root.put('root/.ssh/authorized_keys', `${key}\r\nrubbish`);
    root.put('home/eve/.ssh/authorized_keys2', `from="a" ${key}\nfrom="b" ${key}\n`);
    root.put('etc/keys/eve', `from="b" ${key}`);

    const { entries, holes } = root.facts(authorizedKeys);

    expect(holes).toEqual([]);
    expect(entries).toEqual([
      {
        subject: 'authorized-key',
        name: `eve ${fingerprint}`,
        keyType: 'ssh-ed25519',
        options: 'from="a"',
        files: ['/home/eve/.ssh/authorized_keys2'],
      },
      {
        subject: 'authorized-key',
        name: `eve ${fingerprint} #2`,
        keyType: 'ssh-ed25519',
        options: 'from="b"',
        files: ['/etc/keys/eve', '/home/eve/.ssh/authorized_keys2'],
      },
      {
        subject: 'authorized-key',
        name: 'root /root/.ssh/authorized_keys: rubbish',
        files: ['/root/.ssh/authorized_keys'],
      },
      {
        subject: 'authorized-key',
        name: `root ${fingerprint}`,
        keyType: 'ssh-ed25519',
        files: ['/root/.ssh/authorized_keys'],
      },
    ]);
  });

  it('are found where homes are empty, or begin nowhere', () => {
    root.put('etc/passwd', 'eve:x:0:0\nodd:x:8:8::odd:\n');
    root.put('.ssh/authorized_keys', key);
    root.put('odd/.ssh/authorized_keys', key);

    expect(root.names(authorizedKeys)).toEqual([`eve ${fingerprint}`, `odd ${fingerprint}`]);
  });

  it('are said of one path, however it is written', () => {
    root.put('etc/passwd', 'eve:x:7:7::/home//eve/./:/bin/sh');
    root.put('home/eve/.ssh/authorized_keys', key);

    expect(root.facts(authorizedKeys).entries).toMatchObject([{ files: ['/home/eve/.ssh/authorized_keys'] }]);
  });

  it('are not hidden by what an ordinary user puts there', () => {
    root.put('root/.ssh/authorized_keys', key);
    root.link('.ssh', 'home/eve/.ssh');
    root.put('home/bob/.ssh/authorized_keys', 'x'.repeat(2_000_000));
    mkdirSync(join(root.dir, 'home/eva/.ssh/authorized_keys'), { recursive: true });
    root.link('/dev/zero', 'home/evi/.ssh/authorized_keys');
    const homes = ['bob', 'eva', 'evi', `${'n'.repeat(300)}`, 'a\0b', '../../../../../../../proc/self'];
    root.put('etc/passwd', ['root:x:0:0::/root:', ...homes.map((home, n) => `u${n}:x:9:9::/home/${home}:`)].join('\n'));

    expect(root.names(authorizedKeys)).toEqual([`root ${fingerprint}`, expect.stringMatching(/^u0 .* bytes, sha256:/)]);
  });
});
