import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChecker } from '../../../agent/check/check-subjects.ts';
import type { ComponentSource } from '../../../agent/check/composition.ts';
import { openManifest } from '../../../agent/check/open-manifest.ts';
import { systemClock } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import type { Component } from '../../../shared/rules.ts';
import { aBakery, type Bakery, told } from '../../support/baked.ts';
import { isRoot } from '../../support/scratch.ts';

const calico: Component = { name: 'cni-calico', paths: ['/opt/cni/**', '/etc/cni/net.d/**'] };
const files = { 'opt/cni/calico': 'plugin', 'etc/cni/net.d/10-calico.conf': 'conf' };

describe('an image with a component laid over it', () => {
  let bakery: Bakery;
  let components: string;
  beforeEach(() => {
    bakery = aBakery((root) => {
      put(root, { 'etc/cni/net.d/00-default.conf': 'image', 'etc/a': 'a', 'usr/bin/sudo': 'sudo' });
      mkdirSync(join(root, 'opt/cni'), { recursive: true });
    });
    components = join(bakery.dir, 'components');
    mkdirSync(components);
  });
  afterEach(() => bakery.close());
  const at = (name: string) => join(bakery.root, name);
  const installed = (): ComponentSource => ({ directory: components });
  const verify = (from: ComponentSource = installed()) => bakery.verify(undefined, undefined, undefined, from);

  /** A tree of its own, baked under a name. */
  async function bakeComponent(tree: Readonly<Record<string, string>>, options: ComponentOptions = {}) {
    const { name = 'cni-calico', version = '1', key, out = join(components, name), change } = options;
    const root = join(bakery.dir, `${name}-${version}-${Object.keys(tree).length}`);
    mkdirSync(root);
    put(root, tree);
    change?.(root);
    return await bakery.bake({ from: { root, name, version }, out, ...(key && { key }) });
  }

  it('has the files of both, and says which components they are', async () => {
    await bakery.bake({ components: [calico] });
    const { image } = await bakeComponent(files);
    put(bakery.root, files);

    const report = await verify();

    expect([report.verdict, told(report)]).toEqual(['in_sync', []]);
    expect(report.coverage.components).toEqual([{ ...image, entries: expect.any(Number) }]);
    expect(report.coverage.entries).toBeGreaterThan(report.coverage.components![0]!.entries);
  });

  it('lacks what the component has and the instance does not, and finds what was changed in it', async () => {
    await bakery.bake({ components: [calico] });
    await bakeComponent(files);
    put(bakery.root, { 'opt/cni/calico': 'changed' });

    expect(told(await verify())).toEqual([
      expect.stringMatching(/^removed \/etc\/cni\/net\.d\/10-calico\.conf /),
      'modified /opt/cni/calico content,size',
    ]);
  });

  it('is the image alone where the component is not installed: its files are added', async () => {
    await bakery.bake({ components: [calico] });
    put(bakery.root, files);

    const report = await verify();

    expect(told(report).map((line) => line.split(' ').slice(0, 2))).toEqual([
      ['added', '/etc/cni/net.d/10-calico.conf'],
      ['added', '/opt/cni/calico'],
    ]);
    expect([report.coverage.components, report.coverage.holes]).toEqual([undefined, []]);
  });

  it('takes the entry of the component where the image has one too, and of several the last that is declared', async () => {
    const [lower, upper] = [calico, { name: 'another', paths: ['/etc/cni/net.d/**'] }];
    await bakery.bake({ components: [lower, upper] });
    const path = 'etc/cni/net.d/00-default.conf';
    await bakeComponent({ [path]: 'upper' }, { name: 'another' });
    await bakeComponent({ [path]: 'lower' });

    const named = { directories: [join(components, 'another'), join(components, 'cni-calico')] };
    put(bakery.root, { [path]: 'upper' });

    expect([told(await verify()), told(await verify(named))]).toEqual([[], []]);
  });

  it('is compared the same by a check as by a sweep', async () => {
    await bakery.bake({ components: [calico] });
    await bakeComponent(files);
    put(bakery.root, { ...files, 'opt/cni/calico': 'changed', 'opt/cni/more': 'added' });
    const manifest = openManifest(bakery.manifest, [bakery.pub]);
    const checker = createChecker({
      ...{ manifest: () => manifest, root: bakery.root, clock: systemClock },
      components: { from: installed(), keys: [bakery.pub] },
    });

    const checked = await checker.check(['/opt/cni', '/etc/cni']);
    manifest.close();

    const swept = await verify();
    expect(new Set(told(checked!))).toEqual(new Set(told(swept)));
    expect(told(swept)).toHaveLength(2);
    expect(checked!.coverage.components).toEqual(swept.coverage.components);
    expect(checked!.looked).toContainEqual({ subject: 'component', name: '/' });
  });

  it('does not count the folder of components as added', async () => {
    const own = '/usr/lib/pristine/components/cni-calico';
    mkdirSync(at('usr/lib/pristine'), { recursive: true });
    await bakery.bake({ components: [calico] });
    await bakeComponent(files, { out: at(own) });
    put(bakery.root, files);

    const report = await verify({ directories: [at(own)] });

    expect(told(report)).toEqual([]);
    expect(report.coverage.skipped).toContainEqual({ name: own, rule: 'manifests of components' });
    put(bakery.root, { [`${own}/extra`]: '' });
    expect(told(await verify({ directories: [at(own)] }))).toEqual([expect.stringContaining(`added ${own}/extra`)]);
  });

  it.skipIf(!isRoot)('may make a plain directory on the way, and no other', async () => {
    const deep: Component = { name: 'deep', paths: ['/opt/new/bin/**'] };
    await bakery.bake({ components: [deep] });
    await bakeComponent({ 'opt/new/bin/x': 'x' }, { name: 'deep' });
    put(bakery.root, { 'opt/new/bin/x': 'x' });
    const plain = await verify();
    rmSync(join(components, 'deep'), { recursive: true });
    const change = (root: string) => chmodSync(join(root, 'opt/new'), 0o777);
    await bakeComponent({ 'opt/new/bin/x': 'x' }, { name: 'deep', version: '2', change });

    expect([told(plain), plain.coverage.holes]).toEqual([[], []]);
    expect((await verify()).coverage.holes).toEqual([holeOf('deep', 'not-allowed')]);
  });

  describe('refuses the whole component, and none of it is laid over', () => {
    interface Case {
      readonly declared?: readonly Component[];
      readonly make: () => Promise<unknown>;
      readonly reason?: string;
    }
    const dir = () => join(components, 'cni-calico');
    const spoil = (file: string, change: (bytes: Buffer) => void) => {
      const path = join(dir(), file);
      const bytes = readFileSync(path);
      change(bytes);
      writeFileSync(path, bytes);
    };
    const cases: Readonly<Record<string, Case>> = {
      'of a key that nobody trusts': {
        make: () => bakeComponent(files, { key: generateKeyPairSync('ed25519').privateKey }),
        reason: 'bad-signature',
      },
      'without a signature': {
        make: async () => {
          await bakeComponent(files);
          const path = join(dir(), 'manifest.dsse.json');
          const envelope = JSON.parse(readFileSync(path, 'utf8'));
          writeFileSync(path, `${JSON.stringify({ ...envelope, signatures: [] })}\n`);
        },
        reason: 'bad-signature',
      },
      'of which a byte of the entries was changed': {
        make: async () => {
          await bakeComponent(files);
          spoil('entries.ndjson.zst', (bytes) => bytes.writeUInt8(bytes[20]! ^ 1, 20));
        },
        reason: 'not-a-manifest',
      },
      'of which the entries are gone': {
        make: async () => {
          await bakeComponent(files);
          rmSync(join(dir(), 'entries.ndjson.zst'));
        },
        reason: 'not-a-manifest',
      },
      'of which nothing is there but the folder': {
        make: async () => mkdirSync(dir()),
        reason: 'not-a-manifest',
      },
      'that has a file outside its paths': {
        make: () => bakeComponent({ ...files, 'usr/bin/sudo': 'other' }),
      },
      'that has a set-id program': {
        make: () => bakeComponent(files, { change: (root) => chmodSync(join(root, 'opt/cni/calico'), 0o4755) }),
      },
      'that makes a directory of the image another': {
        make: () => bakeComponent(files, { change: (root) => chmodSync(join(root, 'opt'), 0o777) }),
      },
      'that has a directory above its paths which nothing leads through': {
        make: () => bakeComponent(files, { change: (root) => mkdirSync(join(root, 'usr')) }),
      },
      'that says who is a user': {
        declared: [{ ...calico, paths: ['/etc/**', '/opt/cni/**'] }],
        make: () => bakeComponent({ ...files, 'etc/passwd': 'eve:x:0:0::/root:/bin/sh\n' }),
      },
      'of another digest than the pinned one': {
        declared: [{ ...calico, digest: digestOf('another') }],
        make: () => bakeComponent(files),
      },
      'that lies in the place of another': {
        make: async () => {
          await bakeComponent(files, { name: 'other' });
          renameSync(join(components, 'other'), dir());
        },
      },
    };

    it.each(Object.entries(cases))('%s', async (_, { declared = [calico], make, reason = 'not-allowed' }) => {
      await bakery.bake({ components: declared });
      await make();
      put(bakery.root, files);

      const report = await verify();

      expect(report.coverage.holes).toEqual([holeOf('cni-calico', reason)]);
      expect(report.coverage.components).toBeUndefined();
      expect(report.verdict).toBe('drifted');
      expect(told(report).map((line) => line.split(' ')[1])).toEqual([
        '/etc/cni/net.d/10-calico.conf',
        '/opt/cni/calico',
      ]);
    });

    it.each([
      ['that the rules do not declare', [], 'cni-calico'],
      ['that is named and is not there', [calico], 'gone'],
    ])('%s', async (_, declared, name) => {
      await bakery.bake({ components: declared });
      await bakeComponent(files);

      const named = join(components, name);
      const { coverage, verdict } = await verify({ directories: [named] });

      expect([coverage.holes.length, coverage.holes[0]?.name, verdict]).toEqual([1, named, 'unverifiable']);
    });

    it('of one that is named twice, and takes the first', async () => {
      await bakery.bake({ components: [calico] });
      await bakeComponent(files);
      cpSync(dir(), join(components, 'copy'), { recursive: true });
      put(bakery.root, files);

      const report = await verify({ directories: [dir(), join(components, 'copy')] });

      expect(report.coverage.holes).toEqual([holeOf(join(components, 'copy'), 'not-allowed')]);
      expect([told(report), report.verdict]).toEqual([[], 'unverifiable']);
    });
  });
});

interface ComponentOptions {
  readonly name?: string;
  readonly version?: string;
  readonly key?: Parameters<Bakery['bake']>[0] extends infer O ? (O extends { key?: infer K } ? K : never) : never;
  readonly out?: string;
  readonly change?: (root: string) => void;
}

function holeOf(name: string, reason: string) {
  return { subject: 'component', name, reason };
}

function put(root: string, tree: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(root, name)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, name), text, { mode: 0o644 });
  }
}
