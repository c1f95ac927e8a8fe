import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aBakery, type Bakery, told } from '../../support/baked.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { entriesText, readEntries, readStatement } from '../../support/manifest-oracle.ts';

describe('bake, then verify', () => {
  let bakery: Bakery;
  beforeEach(() => {
    bakery = aBakery((root) => {
      for (const dir of ['etc', 'usr', 'usr/bin', 'var', 'var/lib', 'var/lib/pristine']) mkdirSync(join(root, dir));
      writeFileSync(join(root, 'etc/a'), 'a', { mode: 0o644 });
      writeFileSync(join(root, 'etc/a-b'), 'b', { mode: 0o644 });
      symlinkSync('a', join(root, 'etc/link'));
      writeFileSync(join(root, 'var/lib/pristine/boot'), '1');
    });
  });
  afterEach(() => bakery.close());
  const at = (name: string) => join(bakery.root, name);

  it('finds nothing where nothing has changed', async () => {
    const baked = await bakery.bake();
    const report = await bakery.verify();

    expect(report).toMatchObject({ verdict: 'in_sync', findings: [], image: baked.image, rules: 1 });
    expect(report.coverage.checked).toBeGreaterThanOrEqual(report.coverage.entries);
    expect(report.coverage.skipped).toEqual([{ name: '/var/lib/pristine', rule: 'state directory of the agent' }]);
  });

  it('writes the same entries and the same image twice', async () => {
    const first = await bakery.bake();
    const text = entriesText(bakery.manifest);
    const second = await bakery.bake();

    expect(entriesText(bakery.manifest).equals(text)).toBe(true);
    expect(second.image).toEqual(first.image);
  });

  it('leaves out its own output and state, and no more', async () => {
    const out = at('usr/lib/manifest');
    await bakery.bake({ out });
    await bakery.bake({ out });

    const names = readEntries(out).map(({ name }) => name);
    expect(names).toContain('/usr/lib');
    expect(names.filter((name) => /manifest|pristine/.test(name))).toEqual([]);
    expect(
      readStatement(out)
        .predicate.notBaked.map(({ name }: { name: string }) => name)
        .sort(),
    ).toEqual(['/usr/lib/manifest', '/var/lib/pristine']);
    expect((await bakery.verify(out)).findings).toEqual([]);
  });

  it('finds what else lies beside its own files', async () => {
    const out = at('usr/lib/manifest');
    await bakery.bake({ out });
    writeFileSync(join(out, 'extra'), '');
    writeFileSync(at('var/lib/pristine/tool'), '', { mode: 0o755 });
    chmodSync(join(out, 'rules.dsse.json'), 0o4755);

    const report = await bakery.verify(out);

    expect(report.findings.map(({ name, severity }) => `${name} ${severity}`)).toEqual([
      '/usr/lib/manifest/extra medium',
      '/usr/lib/manifest/rules.dsse.json critical',
      '/var/lib/pristine/tool medium',
    ]);
  });

  it('merges what was added, removed and changed anywhere in the order', async () => {
    await bakery.bake();
    writeFileSync(at('aaa'), '');
    rmSync(at('etc/a'));
    mkdirSync(at('etc/a'));
    writeFileSync(at('etc/a/new'), '');
    rmSync(at('etc/link'));
    writeFileSync(at('zzz'), '');
    const asFile = 'content,gid,mode,size,type,uid';

    expect(told(await bakery.verify())).toEqual([
      `added /aaa ${asFile}`,
      'modified /etc/a type',
      `added /etc/a/new ${asFile}`,
      'removed /etc/link gid,target,type,uid',
      `added /zzz ${asFile}`,
    ]);
  });

  it('does not look at what is ignored, and says so', async () => {
    await bakery.bake({ rules: [{ match: '/etc/**', as: 'ignored', reason: 'ours' }] });
    rmSync(at('etc/a'));
    writeFileSync(at('etc/new'), '');

    const report = await bakery.verify();

    expect(report.findings).toEqual([]);
    expect(report.coverage.skipped).toContainEqual({ name: '/etc/**', rule: 'ignored: ours' });
  });

  it('looks beneath an ignored directory at what is not', async () => {
    await bakery.bake({ rules: [{ match: '/etc', as: 'ignored', reason: 'its mode' }] });
    chmodSync(at('etc'), 0o700);
    writeFileSync(at('etc/a'), 'A');

    expect(told(await bakery.verify())).toEqual(['modified /etc/a content']);
  });

  it('is a hole where packages cannot be understood, baked or not', async () => {
    await bakery.bake();
    mkdirSync(at('var/lib/dpkg'));
    writeFileSync(at('var/lib/dpkg/status'), 'garbage');

    const report = await bakery.verify();

    expect(report.coverage.holes).toEqual([
      { subject: 'package', name: '/var/lib/dpkg/status', reason: 'unparseable' },
    ]);
    expect(await codeOfAsync(() => bakery.bake())).toBe('UNREADABLE');
  });

  it('replaces only a manifest, and leaves nothing behind when it fails', async () => {
    expect(await codeOfAsync(() => bakery.bake({ out: at('etc') }))).toBe('FILE_EXISTS');
    writeFileSync(join(bakery.dir, 'file'), '');
    expect(await codeOfAsync(() => bakery.bake({ out: join(bakery.dir, 'file') }))).toBe('FILE_EXISTS');
    mkdirSync(at('var/lib/dpkg'));
    writeFileSync(at('var/lib/dpkg/status'), 'garbage');
    expect(await codeOfAsync(() => bakery.bake({ out: join(bakery.dir, 'new/deep/out') }))).toBe('UNREADABLE');

    expect(readdirSync(bakery.dir).filter((name) => !name.startsWith('root-'))).toEqual(['file']);
    expect(readdirSync(at('etc')).sort()).toEqual(['a', 'a-b', 'link']);
  });

  it('clears what a killed bake left, and puts an old manifest back', async () => {
    await bakery.bake();
    const old = join(bakery.dir, '.manifest.0123456789ab.old');
    mkdirSync(join(bakery.dir, '.manifest.0123456789ab.new'));
    const { renameSync } = await import('node:fs');
    renameSync(bakery.manifest, old);

    mkdirSync(at('var/lib/dpkg'));
    writeFileSync(at('var/lib/dpkg/status'), 'garbage');
    await codeOfAsync(() => bakery.bake());

    expect(readdirSync(bakery.dir).filter((name) => name.includes('manifest'))).toEqual(['manifest']);
  });
});
