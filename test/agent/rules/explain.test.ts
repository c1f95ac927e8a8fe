import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyState } from '../../../agent/open-state.ts';
import { askedNames } from '../../../agent/rules/asked-names.ts';
import { type ExplainOptions, explain } from '../../../agent/rules/explain.ts';
import type { ExplainedPath } from '../../../agent/rules/explanation.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';

const rules = [
  { match: ['/srv/cache/**'], as: 'ignored', reason: 'a cache' },
  { match: ['/data'], as: 'foreign', reason: 'a disk of others' },
  { match: ['/opt/app/**'], as: 'immutable', severity: 'low' },
];

describe('an explanation', () => {
  let bakery: Bakery;
  beforeAll(async () => {
    bakery = aBakery((root) => {
      for (const dir of ['etc', 'usr/bin', 'opt/app', 'srv/cache', 'data', 'var/log', 'var/lib/dpkg/info']) {
        mkdirSync(join(root, dir), { recursive: true });
      }
      writeFileSync(join(root, 'etc/os-release'), 'ID=debian\n');
      writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
      writeFileSync(join(root, 'etc/hostname'), 'web\n');
      writeFileSync(join(root, 'etc/gone'), 'gone');
      writeFileSync(join(root, 'usr/bin/find'), 'find');
      symlinkSync('usr/bin', join(root, 'bin'));
      writeFileSync(join(root, 'opt/app/a\nb'), 'odd');
      const status = 'Package: findutils\nStatus: install ok installed\nArchitecture: amd64\nVersion: 4.9.0-4\n\n';
      writeFileSync(join(root, 'var/lib/dpkg/status'), status);
      writeFileSync(join(root, 'var/lib/dpkg/info/findutils.list'), '/.\n/usr/bin/find\n');
      writeFileSync(join(root, 'var/lib/dpkg/info/findutils.md5sums'), `${'0'.repeat(32)}  usr/bin/find\n`);
    });
    await bakery.bake({ rules });
    chmodSync(join(bakery.root, 'usr/bin/find'), 0o4755);
    writeFileSync(join(bakery.root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\neve:x:0:0::/:/bin/sh\n');
    writeFileSync(join(bakery.root, 'etc/hostname'), 'web-1\n');
    writeFileSync(join(bakery.root, 'var/log/new'), 'log');
    writeFileSync(join(bakery.root, 'srv/cache/new'), 'cache');
    writeFileSync(join(bakery.root, 'opt/app/a\nb'), 'other');
    rmSync(join(bakery.root, 'etc/gone'));
  });
  afterAll(() => bakery.close());

  const explained = (names: readonly string[], options: Partial<ExplainOptions> = {}) =>
    explain({
      root: bakery.root,
      manifest: bakery.manifest,
      keys: [bakery.pub],
      names: askedNames(names),
      pool: bakery.pool,
      components: { directories: [] },
      onRefused: () => undefined,
      seen: async () => undefined,
      ...options,
    });
  const one = async (name: string, options?: Partial<ExplainOptions>): Promise<ExplainedPath> =>
    (await explained([name], options)).paths[0]!;

  it('has for every finding of verify the same one', async () => {
    const { findings } = await bakery.verify();
    const files = findings.filter(({ subject }) => subject === 'file');

    const { paths } = await explained(files.map(({ name }) => name));

    expect(files.map(({ name }) => name)).toEqual(['/etc/gone', '/etc/passwd', '/opt/app/a\\x0ab', '/usr/bin/find']);
    expect(paths.map(({ finding }) => finding)).toEqual(files);
    expect(paths.flatMap(({ facts }) => facts.flatMap(({ finding }) => finding ?? []))).toEqual(
      findings.filter(({ subject }) => subject !== 'file'),
    );
  });

  it('says which rule decided, where it stands and who wrote it', async () => {
    const { paths } = await explained(['/opt/app/x', '/etc/passwd', '/usr/bin/find', '/var/lib/pristine']);

    expect(paths.map(({ rule }) => [rule.pattern, rule.as, rule.severity, rule.from, rule.number])).toEqual([
      ['/opt/app/**', 'immutable', 'low', 'image', 3],
      ['/etc/passwd', 'immutable', 'high', 'profile', 7],
      ['default', 'immutable', 'medium', 'default', undefined],
      ['default', 'ephemeral', 'medium', 'pristine', undefined],
    ]);
  });

  it('says why a difference does not count', async () => {
    const { paths } = await explained(['/etc/hostname', '/var/log/new', '/etc/os-release', '/nowhere']);

    expect(paths.map(({ outcome, allowed }) => [outcome, allowed])).toEqual([
      ['allowed', ['content', 'size']],
      ['allowed', ['content', 'gid', 'mode', 'size', 'type', 'uid']],
      ['as-baked', []],
      ['absent', []],
    ]);
    expect(paths[0]?.why).toMatch(/^per-instance/);
    expect(paths[1]?.why).toMatch(/^ephemeral/);
  });

  it('says that nobody looks where a rule leaves out, also of what is above', async () => {
    const { paths } = await explained(['/srv/cache/new', '/data/x/y']);

    expect(paths.map(({ outcome, leftOut }) => [outcome, leftOut])).toEqual([
      ['left-out', { by: 'ignored', at: '/srv/cache/new', reason: 'a cache' }],
      ['left-out', { by: 'foreign', at: '/data', reason: 'a disk of others' }],
    ]);
  });

  it('names the guards that look at a file, and what it says', async () => {
    const { guards, facts } = await one('/etc/passwd');

    expect(guards.map(({ name }) => name)).toEqual(['setuid', 'capabilities', 'device', 'users', 'authorized-keys']);
    expect(facts.map(({ subject, name, outcome }) => [subject, name, outcome])).toEqual([
      ['user', 'eve', 'finding'],
      ['user', 'root', 'as-baked'],
    ]);
  });

  it('names the package and whether the content is as packaged', async () => {
    expect((await one('/usr/bin/find')).package).toEqual({
      name: 'findutils:amd64',
      bakedVersion: '4.9.0-4',
      version: '4.9.0-4',
      config: false,
      asPackaged: false,
    });
    expect((await one('/etc/passwd')).package).toBeNull();
  });

  it('follows no link, and says what the name is without it', async () => {
    const { outcome, link } = await one('/bin/find');

    expect([outcome, link]).toEqual(['absent', { at: '/bin', target: 'usr/bin', leadsTo: '/usr/bin/find' }]);
  });

  it('says since when: by the agent where it knows the finding, else by the file, as said by it', async () => {
    const { finding, since } = await one('/usr/bin/find');
    const at = '2026-08-01T10:00:00.000Z';
    const known = { ...emptyState, firstSeenAt: new Map([[finding!.fingerprint, at]]) };

    expect(since?.by).toBe('file');
    expect((await one('/etc/gone')).since).toMatchObject({ by: 'directory', name: '/etc' });
    expect((await one('/usr/bin/find', { seen: async () => known })).since).toEqual({
      by: 'agent',
      at,
      fingerprint: finding!.fingerprint,
    });
  });

  it('refuses a manifest of another key', async () => {
    const other = aBakery(() => undefined);

    expect(await codeOfAsync(() => explained(['/etc'], { keys: [other.pub] }))).toBe('SIGNATURE');
    await other.close();
  });
});

describe('names that are asked for', () => {
  it('are taken as manifests write them, and else as they stand', () => {
    expect(askedNames(['/a\\x0ab', '/a\nb', '/dev-foo\\x2dbar', '/etc/', '/'])).toEqual([
      '/a\\x0ab',
      '/dev-foo\\\\x2dbar',
      '/etc',
      '/',
    ]);
  });

  it.each(['etc/passwd', '', '.', '/etc/../etc', '/etc/./x', '/etc//x', '/..', `/${'x'.repeat(9_000)}`, '/a\\x00b'])(
    'refuses %j',
    async (path) => {
      expect(await codeOf(() => askedNames([path]))).toBe('USAGE');
    },
  );
});
