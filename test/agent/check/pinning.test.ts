import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChecker } from '../../../agent/check/check-subjects.ts';
import { openManifest } from '../../../agent/check/open-manifest.ts';
import { pinsMax, readPins, writePins } from '../../../agent/check/pins-file.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Hole } from '../../../shared/coverage.ts';
import type { Finding } from '../../../shared/finding.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aFile } from '../../support/entries.ts';

const machineId = 'etc/machine-id';
const hostKey = 'etc/ssh/ssh_host_ed25519_key';
const admin = 'admin:x:1000:1000::/home/admin:/bin/sh\n';
const atBoot = {
  match: ['/etc/passwd', '/etc/boot.d', '/etc/boot.d/**'],
  as: 'set-at-boot',
  expect: { users: ['admin', 'late'] },
};

let bakery: Bakery;
let pinsFile: string;
beforeEach(async () => {
  bakery = aBakery((root) => {
    for (const folder of ['etc/ssh', 'etc/boot.d', 'srv/site']) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, machineId), 'uninitialized\n', { mode: 0o444 });
    writeFileSync(join(root, 'etc/hostname'), 'image\n');
    writeFileSync(join(root, 'etc/resolv.conf'), 'nameserver 192.0.2.1\n');
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  });
  pinsFile = join(bakery.dir, 'pins.json');
  await bakery.bake({ rules: [atBoot], profile: 'debian' });
});
afterEach(() => bakery.close());

const put = (name: string, text: string, mode = 0o644) => {
  const path = join(bakery.root, name);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
};
/** What a first boot does. */
const boot = () => {
  put(machineId, '0123456789abcdef0123456789abcdef\n', 0o444);
  put(hostKey, 'secret one', 0o600);
  put('etc/hostname', 'web-1\n');
  put('etc/passwd', `root:x:0:0::/root:/bin/sh\n${admin}`);
  put('etc/boot.d/network', 'address\n');
};
const settle = () => bakery.verify(undefined, undefined, { file: pinsFile, makes: true });
const sweep = () => bakery.verify(undefined, undefined, { file: pinsFile, makes: false });
const check = async (...names: string[]) => {
  const manifest = openManifest(bakery.manifest, [bakery.pub]);
  const pinning = () => ({ file: pinsFile, makes: false });
  try {
    return await createChecker({ manifest: () => manifest, root: bakery.root, pinning, clock: systemClock }).check(
      names,
    );
  } finally {
    manifest.close();
  }
};
const told = (scan: { readonly findings: readonly Finding[] } | undefined) =>
  scan?.findings
    .map(
      ({ change, subject, name, attributes, severity, rule }) =>
        `${change} ${subject} ${name} ${change === 'modified' ? attributes.join() : '*'} ${severity} ${rule}`,
    )
    .sort();

describe('what an instance writes itself', () => {
  it('is free until boot has settled', async () => {
    boot();
    expect(told(await bakery.verify())).toEqual([]);
    put(hostKey, 'secret two', 0o600);

    expect(told(await bakery.verify())).toEqual([]);
  });

  it('is free in the sweep that pins it, and when it has not changed since', async () => {
    boot();

    expect(told(await settle())).toEqual([]);
    const again = await sweep();

    expect([told(again), again.coverage.holes]).toEqual([[], []]);
  });

  it.each<[what: string, change: () => void, found: string[]]>([
    [
      'another machine-id',
      () => put(machineId, 'f'.repeat(32), 0o444),
      [`modified file /${machineId} content,size medium /${machineId}`],
    ],
    [
      'the baked machine-id',
      () => put(machineId, 'uninitialized\n', 0o444),
      [`modified file /${machineId} content,size medium /${machineId}`],
    ],
    [
      'a swapped host key',
      () => put(hostKey, 'secret two', 0o600),
      [`modified file /${hostKey} content medium /etc/ssh/ssh_host_*`],
    ],
    [
      'a host key that all may read',
      () => chmodSync(join(bakery.root, hostKey), 0o644),
      [`modified file /${hostKey} mode medium /etc/ssh/ssh_host_*`],
    ],
    [
      'a host key that is gone',
      () => rmSync(join(bakery.root, hostKey)),
      [`removed file /${hostKey} * medium /etc/ssh/ssh_host_*`],
    ],
    [
      'a new host key',
      () => put('etc/ssh/ssh_host_rsa_key', 'other', 0o600),
      ['added file /etc/ssh/ssh_host_rsa_key * medium /etc/ssh/ssh_host_*'],
    ],
    [
      'a link in the place of a host key',
      () => {
        renameSync(join(bakery.root, hostKey), join(bakery.root, 'tmp-key'));
        symlinkSync('/tmp-key', join(bakery.root, hostKey));
      },
      [`added file /${hostKey} * medium /etc/ssh/ssh_host_*`, 'added file /tmp-key * medium default'],
    ],
    [
      'another name',
      () => put('etc/hostname', 'web-2\n'),
      ['modified file /etc/hostname content medium /etc/hostname'],
    ],
    [
      'a foreseen account that comes late',
      () => put('etc/passwd', `root:x:0:0::/root:/bin/sh\n${admin}late:x:1001:1001::/:/bin/sh\n`),
      ['added user late * high guard users', 'modified file /etc/passwd content,size medium /etc/passwd'],
    ],
    [
      'a foreseen account that is gone',
      () => put('etc/passwd', 'root:x:0:0::/root:/bin/sh\n'),
      ['modified file /etc/passwd content,size medium /etc/passwd', 'removed user admin * high guard users'],
    ],
    [
      'a file where a boot writes',
      () => put('etc/boot.d/more', ''),
      ['added file /etc/boot.d/more * medium /etc/boot.d/**'],
    ],
  ])('is drift once boot has settled: %s', async (_what, change, found) => {
    boot();
    await settle();
    change();

    const swept = await sweep();
    const checked = await check('/etc', '/tmp-key');

    expect(told(swept)).toEqual(found);
    expect(told(checked)).toEqual(found);
    expect(checked?.findings.map(({ fingerprint }) => fingerprint).sort()).toEqual(
      swept.findings.map(({ fingerprint }) => fingerprint).sort(),
    );
  });

  it.each([
    ['resolv.conf', 'etc/resolv.conf'],
    ['hosts', 'etc/hosts'],
    ['adjtime', 'etc/adjtime'],
    ['the cache of the linker', 'etc/ld.so.cache'],
    ['a renewed host certificate', 'etc/ssh/ssh_host_ed25519_key-cert.pub'],
  ])('may go on changing where it lives: %s', async (_what, name) => {
    boot();
    await settle();
    put(name, 'written later');

    expect([told(await sweep()), told(await check(`/${name}`))]).toEqual([[], []]);
  });

  it('says what was when it was pinned, and is fine again when that is back', async () => {
    boot();
    await settle();
    put(hostKey, 'secret two', 0o600);

    const [finding] = (await sweep()).findings;
    put(hostKey, 'secret one', 0o600);

    const pinned = readPins(pinsFile)!.entries.find(({ name }) => name === `/${hostKey}`);
    expect(pinned).toMatchObject({ mode: '0600', size: '10' });
    expect(finding?.expected).toMatchObject({ content: (pinned as { content?: string }).content, mode: '0600' });
    expect(told(await sweep())).toEqual([]);
  });

  it('is one finding with what nobody baked, and neither hides the other', async () => {
    boot();
    put(machineId, '0123456789abcdef0123456789abcdef\n', 0o644);
    expect(told(await settle())).toEqual([`modified file /${machineId} mode medium /${machineId}`]);

    put(machineId, 'f'.repeat(33), 0o644);

    const { findings } = await sweep();
    expect(told({ findings })).toEqual([`modified file /${machineId} content,mode medium /${machineId}`]);
    expect(findings[0]!.expected).toMatchObject({ mode: '0444', size: '33' });
  });

  it('is looked at beneath the names of a check only', async () => {
    boot();
    await settle();
    rmSync(join(bakery.root, hostKey));

    expect(told(await check('/srv'))).toEqual([]);
    expect(told(await check(`/${hostKey}`))).toHaveLength(1);
  });
});

describe('the pins', () => {
  const hole = (reason: Hole['reason']): Hole => ({ subject: 'manifest', name: pinsFile, reason });

  it('are a hole when they are gone, and are not made anew by that', async () => {
    boot();
    await settle();
    rmSync(pinsFile);
    put(hostKey, 'secret two', 0o600);

    expect((await sweep()).coverage.holes).toEqual([hole('unreadable')]);
    expect(readPins(pinsFile)).toBeUndefined();
  });

  it.each<[what: string, spoil: (text: string) => string]>([
    ['empty', () => ''],
    ['cut off', (text) => text.slice(0, -10)],
    ['with another mode', (text) => text.replace('"mode":"0600"', '"mode":"0644"')],
    ['with a rule less', (text) => text.replace('"rules":[', '"rule":[')],
    ['of another kind', () => '{"schema":"pristine.pins/2"}\n'],
  ])('are a hole when they are %s, and stay so', async (_what, spoil) => {
    boot();
    await settle();
    const spoilt = spoil(readFileSync(pinsFile, 'utf8'));
    writeFileSync(pinsFile, spoilt);

    expect((await settle()).coverage.holes).toEqual([hole('unparseable')]);
    expect(readFileSync(pinsFile, 'utf8')).toBe(spoilt);
    expect(await check('/etc')).toBeUndefined();
  });

  it('are a hole when they cannot be written', async () => {
    const swept = await bakery.verify(undefined, undefined, { file: join(bakery.dir, 'none/pins.json'), makes: true });

    expect(swept.coverage.holes).toMatchObject([{ subject: 'manifest', reason: 'io-error' }]);
  });

  it('are bounded', async () => {
    const entries = Array.from({ length: pinsMax + 1 }, (_, n) => aFile({ name: `/${n}` }));

    expect(await codeOfAsync(() => writePins(pinsFile, { entries, unseen: [], rules: [] }))).toBe('ENTRIES');
    expect(readPins(pinsFile)).toBeUndefined();
  });

  it('take in later what could not be seen at first, and no more than that', async () => {
    boot();
    const { entries, rules } = await pinned();
    const unseen: Hole[] = [{ subject: 'file', name: '/etc/ssh', reason: 'unreadable' }];
    await writePins(pinsFile, { entries: entries.filter(({ name }) => !name.startsWith('/etc/ssh/')), unseen, rules });
    put('etc/boot.d/late', '');

    expect(told(await sweep())).toEqual(['added file /etc/boot.d/late * medium /etc/boot.d/**']);
    put(hostKey, 'secret two', 0o600);

    expect(readPins(pinsFile)).toMatchObject({ unseen: [] });
    expect(told(await sweep())).toEqual([
      'added file /etc/boot.d/late * medium /etc/boot.d/**',
      `modified file /${hostKey} content medium /etc/ssh/ssh_host_*`,
    ]);
  });

  it('stay when new rules come, which may pin more and let go', async () => {
    put('srv/site/name', 'one');
    boot();
    await settle();
    expect(told(await sweep())).toEqual(['added file /srv/site/name * medium default']);

    await bakery.bake({
      rules: [
        { match: '/etc/hostname', as: 'per-instance', pin: false },
        { match: '/srv/site/**', as: 'per-instance' },
        { match: ['/srv/site', `/${machineId}`, '/etc/**'], as: 'per-instance' },
      ],
    });
    expect(told(await sweep())).toEqual([]);
    put('srv/site/name', 'two');
    put('etc/hostname', 'web-2\n');
    put(hostKey, 'secret two', 0o600);

    expect(told(await sweep())).toEqual([
      `modified file /${hostKey} content medium /etc/**`,
      'modified file /srv/site/name content medium /srv/site/**',
    ]);
  });

  async function pinned() {
    await settle();
    return readPins(pinsFile)!;
  }
});
