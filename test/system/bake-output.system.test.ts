import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { entriesText, readEntries, readStatement } from '../support/manifest-oracle.ts';
import { bake, bakeSigned, brief, entryFile, keygen, pristine, verify } from '../support/pristine-cli.ts';
import { seededRandom, testSeed } from '../support/random.ts';
import { aWorkbench } from '../support/workbench.ts';

const manifestFolder = 'usr/lib/pristine/manifest';

describe('what bake and keygen leave on disk', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();
  let trees = 0;

  function aTree(files = 20): string {
    trees += 1;
    const root = place.folder(`root-${trees}`);
    mkdirSync(join(root, 'usr/share'), { recursive: true });
    for (let index = 0; index < files; index += 1) writeFileSync(join(root, `usr/share/${index}`), `${index}`);
    return root;
  }

  it('a private key that only its owner reads, and never another one in its place', async () => {
    const before = readFileSync(keys.key);

    const again = await pristine(['keygen', '--out', join(place.dir, 'k')]);
    rmSync(keys.key);
    const besidePub = await pristine(['keygen', '--out', join(place.dir, 'k')]);
    const madeKey = existsSync(keys.key);
    writeFileSync(keys.key, before, { mode: 0o600 });

    expect([again.code, besidePub.code]).toEqual([2, 2]);
    expect(madeKey).toBe(false);
    const fresh = await keygen(join(place.dir, 'fresh'));
    expect(statSync(fresh.key).mode & 0o7777).toBe(0o600);
    expect(readFileSync(fresh.key, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(readFileSync(fresh.pub, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    const type = execFileSync('openssl', ['pkey', '-in', fresh.key, '-noout', '-text'], { encoding: 'utf8' });
    expect(type).toMatch(/ED25519/i);
  });

  it('a manifest of three files, which verifies where it was baked, in a folder made for it', async () => {
    const root = aTree();
    const out = join(root, manifestFolder);

    await bakeSigned({ root, out, key: keys.key });
    const { code, report } = await verify({ root, manifest: out, pub: keys.pub });

    expect(readdirSync(out).toSorted()).toEqual(['entries.ndjson.zst', 'manifest.dsse.json', 'rules.dsse.json']);
    expect(brief(report)).toEqual([]);
    expect(code).toBe(0);
    expect(readdirSync(join(root, 'usr/lib/pristine'))).toEqual(['manifest']);
  });

  it('the same entries again over its own output', async () => {
    const root = aTree();
    const out = join(root, manifestFolder);
    await bakeSigned({ root, out, key: keys.key });
    const first = entriesText(out);

    await bakeSigned({ root, out, key: keys.key, version: '2' });

    expect(entriesText(out).equals(first)).toBe(true);
    expect(readStatement(out).predicate.image.version).toBe('2');
  });

  it('the same statement again, whether or not there was a manifest before', async () => {
    const root = aTree();
    const out = join(root, 'opt/manifest');
    await bakeSigned({ root, out, key: keys.key });
    const first = readStatement(out);
    const { code } = await verify({ root, manifest: out, pub: keys.pub });

    await bakeSigned({ root, out, key: keys.key });

    expect(readStatement(out)).toEqual(first);
    expect(first.predicate.notBaked.map(({ name }: { name: string }) => name)).toEqual(['/opt/manifest']);
    expect(code).toBe(0);
  });

  it('a manifest beside which any other file is found', async () => {
    const root = aTree();
    const out = join(root, manifestFolder);
    await bakeSigned({ root, out, key: keys.key });
    writeFileSync(join(out, 'extra'), 'x');

    const { code, report } = await verify({ root, manifest: out, pub: keys.pub });

    expect(report.findings.map(({ change, name }) => [change, name])).toEqual([['added', `/${manifestFolder}/extra`]]);
    expect(code).toBe(1);
  });

  it('a manifest that was baked outside and installed afterwards', async () => {
    const root = aTree();
    mkdirSync(join(root, 'usr/lib/pristine'), { recursive: true });
    const out = join(place.dir, 'outside');
    await bakeSigned({ root, out, key: keys.key });
    execFileSync('cp', ['-r', out, join(root, manifestFolder)]);

    const { code, report } = await verify({ root, manifest: join(root, manifestFolder), pub: keys.pub });

    expect(brief(report)).toEqual([]);
    expect(code).toBe(0);
  });

  it('no entry of its state directory, which later is no news', async () => {
    const root = aTree();
    mkdirSync(join(root, 'var/lib/pristine'), { recursive: true });
    writeFileSync(join(root, 'var/lib/pristine/identity.key'), 'secret');
    const out = join(place.dir, 'with-state');
    await bakeSigned({ root, out, key: keys.key });
    rmSync(join(root, 'var/lib/pristine'), { recursive: true });
    const without = await verify({ root, manifest: out, pub: keys.pub });
    mkdirSync(join(root, 'var/lib/pristine'), { mode: 0o700 });
    const again = await verify({ root, manifest: out, pub: keys.pub });

    expect(readEntries(out).filter(({ name }) => name.startsWith('/var/lib/pristine'))).toEqual([]);
    expect([without.code, again.code]).toEqual([0, 0]);
  });

  it('nothing at all for a wrong command line', async () => {
    const root = aTree();
    const out = join(place.dir, 'wrong');
    const good = ['--root', root, '--image', 'web', '--image-version', '1', '--out', out];

    const codes = [
      await pristine(['bake', ...good, '--key', join(place.dir, 'absent')]),
      await pristine(['bake', ...good, '--key', keys.pub]),
      await pristine(['bake', ...good, '--config', join(place.dir, 'absent')]),
      await pristine(['bake', ...good, '--image', 'Not A Name']),
      await pristine(['bake', ...good, '--image-version', '']),
      await pristine(['bake', ...good, '--unknown']),
      await pristine(['bake', ...good, 'surplus']),
      await pristine(['bake', '--root', root]),
    ].map(({ code }) => code);

    expect(codes).toEqual(codes.map(() => 2));
    expect(existsSync(out)).toBe(false);
  });

  it('one JSON object with --json', async () => {
    const run = await pristine([
      'bake',
      '--root',
      aTree(),
      '--image',
      'web',
      '--image-version',
      '1',
      '--out',
      join(place.dir, 'json'),
      '--json',
    ]);

    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toHaveProperty('schema');
  });

  const broken: Record<string, string> = {
    'no colon': 'Package: a\nStatus install ok installed\nVersion: 1\nArchitecture: all\n',
    'no version': 'Package: a\nStatus: install ok installed\nArchitecture: all\n',
    'no status': 'Package: a\nVersion: 1\nArchitecture: all\n',
    'no name': 'Status: install ok installed\nVersion: 1\nArchitecture: all\n',
    'a package twice': 'Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n'.repeat(2),
    'a field twice': 'Package: a\nPackage: b\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n',
    'a continuation first': ' continued\nPackage: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n',
    'a NUL': 'Package: a\0\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n',
    'binary garbage': '\u0001\u0002\u0003\u007fELF',
    'half a paragraph': 'Package: a\nStatus: install ok',
  };
  it.each(Object.entries(broken))(
    'nothing where the package database has %s, and a hole in verify',
    async (_w, text) => {
      const root = aTree();
      const status = join(root, 'var/lib/dpkg/status');
      mkdirSync(join(root, 'var/lib/dpkg'), { recursive: true });
      writeFileSync(status, 'Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n');
      const config = join(place.dir, 'dpkg.yaml');
      writeFileSync(config, 'rules: [{match: /var/lib/dpkg/**, as: ephemeral}]');
      trees += 1;
      const out = join(place.dir, `dpkg-${trees}`);
      await bakeSigned({ root, out, key: keys.key, config });
      writeFileSync(status, text);

      const { code, report } = await verify({ root, manifest: out, pub: keys.pub });
      const never = join(place.dir, `dpkg-${trees}-never`);
      const baked = await bake({ root, out: never, key: keys.key });

      expect(readEntries(out).find(({ subject }) => subject === 'package')?.name).toBe('a:all');
      expect(report.coverage.holes).toEqual([
        { subject: 'package', name: '/var/lib/dpkg/status', reason: 'unparseable' },
      ]);
      expect(report.findings).toEqual([]);
      expect(code).toBe(3);
      expect(baked.code).toBe(3);
      expect(existsSync(never)).toBe(false);
    },
  );

  it('the old manifest or the new one after kill -9, never a broken one', async () => {
    const random = seededRandom(testSeed());
    const root = aTree(3000);
    const out = join(root, manifestFolder);
    await bakeSigned({ root, out, key: keys.key, version: '0' });
    const started = performance.now();
    await bakeSigned({ root, out, key: keys.key, version: '0' });
    const tookMs = performance.now() - started;
    let last = '0';

    for (let round = 1; round <= 20; round += 1) {
      const args = [
        '--root',
        root,
        '--image',
        'web',
        '--image-version',
        String(round),
        '--out',
        out,
        '--key',
        keys.key,
      ];
      const child = spawn(process.execPath, [entryFile, 'bake', ...args], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      // The later half matters: that is where files are written and renamed.
      await sleep(tookMs * (0.5 + 0.6 * random.next()));
      child.kill('SIGKILL');
      await ended;
      const { report } = await verify({ root, manifest: out, pub: keys.pub });
      expect(report.error).toBeUndefined();
      const version = report.image?.version ?? '';
      expect([last, String(round)]).toContain(version);
      last = version;
    }
    await bakeSigned({ root, out, key: keys.key, version: 'last' });

    expect((await verify({ root, manifest: out, pub: keys.pub })).report.findings).toEqual([]);
    expect(readdirSync(join(root, 'usr/lib/pristine'))).toEqual(['manifest']);
  });
});
