import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChecker } from '../../../agent/check/check-subjects.ts';
import { checkDigest } from '../../../agent/check/digest.ts';
import { openManifest } from '../../../agent/check/open-manifest.ts';
import { systemClock } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import { fingerprintOf } from '../../../shared/finding.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';

const sshd = '/etc/ssh/sshd_config';
const baked = 'Port 22\nPermitRootLogin no\nUsePAM yes\n';
const changed = 'Port 22\nPermitRootLogin yes\nUsePAM yes\n';

describe('diffs of public text', () => {
  let bakery: Bakery;
  beforeEach(() => {
    bakery = aBakery((root) => {
      chmodSync(root, 0o755);
      mkdirSync(join(root, 'etc/ssh'), { recursive: true, mode: 0o755 });
      mkdirSync(join(root, 'etc/cron.d'));
      mkdirSync(join(root, 'srv'));
      write(root, sshd, baked);
      write(root, '/etc/profile', 'umask 022\n');
      write(root, '/srv/app.conf', 'a=1\n');
    });
  });
  afterEach(() => bakery.close());
  const at = (name: string) => join(bakery.root, name);
  const diffAt = async (name: string) => (await bakery.verify()).findings.find((one) => one.name === name)?.diff;
  const blobs = () => readdirSync(join(bakery.manifest, 'blobs/sha256')).sort();
  const blobOf = (text: string) => join(bakery.manifest, 'blobs/sha256', digestOf(text).slice(7));

  it('shows what changed inside a file of the profile’s list', async () => {
    await bakery.bake();
    write(bakery.root, sshd, changed);

    expect(await diffAt(sshd)).toEqual({
      text: '@@ -1,3 +1,3 @@\n Port 22\n-PermitRootLogin no\n+PermitRootLogin yes\n UsePAM yes\n',
      redactions: 0,
      truncated: false,
    });
  });

  it('shows what was added from nothing and what was removed to nothing', async () => {
    await bakery.bake();
    write(bakery.root, '/etc/cron.d/evil', '* * * * * root /tmp/x\n');
    rmSync(at('etc/profile'));

    expect(await diffAt('/etc/cron.d/evil')).toMatchObject({ text: '@@ -0,0 +1 @@\n+* * * * * root /tmp/x\n' });
    expect(await diffAt('/etc/profile')).toMatchObject({ text: '@@ -1 +0,0 @@\n-umask 022\n' });
  });

  it('redacts before anything is reported', async () => {
    await bakery.bake();
    write(bakery.root, '/etc/profile', 'umask 022\nexport DB_PASSWORD=hunter22\n');

    const report = await bakery.verify();

    expect(JSON.stringify(report)).not.toContain('hunter22');
    expect(report.findings[0]?.diff).toMatchObject({ redactions: 1 });
  });

  it('keeps a text once, named after the content that the entries sign', async () => {
    write(bakery.root, '/etc/crontab', baked);

    const { texts } = await bakery.bake();

    expect(texts).toBe(2);
    expect(blobs()).toEqual([digestOf(baked).slice(7), digestOf('umask 022\n').slice(7)].sort());
  });

  it('bakes the same image with and without texts beside it', async () => {
    const first = await bakery.bake();
    const again = await bakery.bake();
    const none = await bakery.bake({ texts: [] });

    expect([again.image, none.image]).toEqual([first.image, first.image]);
    expect(existsSync(join(bakery.manifest, 'blobs'))).toBe(false);
  });

  it('leaves a finding the fingerprint that it has without a diff', async () => {
    await bakery.bake();
    write(bakery.root, sshd, changed);

    const [finding] = (await bakery.verify()).findings;

    expect(finding?.diff).toBeDefined();
    expect(finding?.fingerprint).toBe(fingerprintOf(finding!));
  });

  it('adds what the image’s maker lists, and takes away what he refuses', async () => {
    await bakery.bake({ texts: ['/srv/**'], noTexts: ['/etc/ssh/*'] });
    write(bakery.root, '/srv/app.conf', 'a=2\n');
    write(bakery.root, sshd, changed);

    expect(await diffAt('/srv/app.conf')).toMatchObject({ text: '@@ -1 +1 @@\n-a=1\n+a=2\n' });
    expect(await diffAt(sshd)).toBeUndefined();
  });

  it('shows nothing where the list is empty', async () => {
    await bakery.bake({ texts: [] });
    write(bakery.root, sshd, changed);
    write(bakery.root, '/etc/bashrc', 'x\n');

    const diffs = (await bakery.verify()).findings.map(({ diff }) => diff);

    expect(diffs).toEqual([undefined, undefined]);
  });

  it.each([
    ['a baked file that others could not read', () => chmodSync(at(sshd), 0o640)],
    ['a baked file in a directory that others could not enter', () => chmodSync(at('etc/ssh'), 0o750)],
    ['a root that others could not enter', () => chmodSync(bakery.root, 0o700)],
  ])('keeps nothing of %s', async (_, close) => {
    close();
    await bakery.bake({ noTexts: ['/etc/profile'] });
    chmodSync(at(sshd), 0o644);
    chmodSync(at('etc/ssh'), 0o755);
    chmodSync(bakery.root, 0o755);
    write(bakery.root, sshd, changed);

    expect(existsSync(join(bakery.manifest, 'blobs'))).toBe(false);
    expect(await diffAt(sshd)).toMatchObject({ withheld: expect.stringMatching(/^(not-public|no-baked-text)$/) });
  });

  it.each([
    ['a file that others cannot read now', () => chmodSync(at(sshd), 0o640)],
    ['a directory that others cannot enter now', () => chmodSync(at('etc/ssh'), 0o700)],
  ])('shows nothing of %s', async (_, close) => {
    await bakery.bake();
    write(bakery.root, sshd, changed);
    close();

    expect(await diffAt(sshd)).toEqual({ withheld: 'not-public' });
  });

  it.each([
    ['bytes that are no UTF-8', Buffer.from([0x61, 0xff, 0x0a]), 'not-text'],
    ['a NUL', Buffer.from('a\0b\n'), 'not-text'],
    ['more bytes than a text has', Buffer.alloc(65_537, 'a\n'), 'too-large'],
    ['more lines than a text has', Buffer.alloc(10_000, 'a\n'), 'too-large'],
  ])('shows nothing of %s', async (_, bytes, withheld) => {
    await bakery.bake();
    writeFileSync(at(sshd), bytes);

    expect(await diffAt(sshd)).toEqual({ withheld });
  });

  it('relies on nothing of a manifest with a text that is not what was baked', async () => {
    await bakery.bake();
    write(bakery.root, sshd, changed);
    writeFileSync(blobOf(baked), `${baked}# planted\n`);
    await expect(diffAt(sshd)).rejects.toMatchObject({ code: 'DIGEST' });

    rmSync(blobOf(baked));
    mkdirSync(blobOf(baked));
    await expect(diffAt(sshd)).rejects.toMatchObject({ code: 'DIGEST' });

    rmSync(join(bakery.manifest, 'blobs'), { recursive: true });
    expect(await diffAt(sshd)).toEqual({ withheld: 'no-baked-text' });
  });

  it('judges as ever when the texts are gone', async () => {
    await bakery.bake();
    rmSync(join(bakery.manifest, 'blobs'), { recursive: true });

    expect((await bakery.verify()).verdict).toBe('in_sync');
  });

  it('says nothing about content where only the mode changed, or the file became a link', async () => {
    await bakery.bake();
    chmodSync(at(sshd), 0o600);
    rmSync(at('etc/profile'));
    symlinkSync('/etc/shadow', at('etc/profile'));

    const findings = (await bakery.verify()).findings;

    expect(findings.map(({ name, attributes, diff }) => [name, attributes, diff])).toEqual([
      ['/etc/profile', ['type'], undefined],
      [sshd, ['mode'], undefined],
    ]);
  });

  it('shows so many diffs, of the gravest, and says that there are more', async () => {
    await bakery.bake();
    for (let number = 0; number < 40; number++) write(bakery.root, `/etc/cron.d/job-${number}`, `${number}\n`);
    write(bakery.root, sshd, changed);

    const findings = (await bakery.verify()).findings.filter(({ subject }) => subject === 'file');

    expect(findings.filter(({ diff }) => diff && 'text' in diff)).toHaveLength(32);
    expect(findings.filter(({ diff }) => diff && 'withheld' in diff && diff.withheld === 'too-many')).toHaveLength(9);
    expect(findings.find(({ name }) => name === sshd)?.diff).toHaveProperty('text');
  });

  it('has its texts for its own when they lie in the root, and finds what lies beside them', async () => {
    const out = at('usr/lib/manifest');
    await bakery.bake({ out });
    expect((await bakery.verify(out)).findings).toEqual([]);
    const blob = join(out, 'blobs/sha256', digestOf('').slice(7));
    writeFileSync(blob, '');
    writeFileSync(join(out, 'blobs/other'), '');
    chmodSync(join(out, 'blobs/sha256', digestOf(baked).slice(7)), 0o4755);

    const findings = (await bakery.verify(out)).findings;

    expect(findings.map(({ name, severity }) => `${name.replace(/[0-9a-f]{64}/, 'HEX')} ${severity}`)).toEqual([
      '/usr/lib/manifest/blobs/other medium',
      '/usr/lib/manifest/blobs/sha256/HEX critical',
    ]);
  });

  it('makes the same diffs in a check as in a sweep', async () => {
    await bakery.bake();
    write(bakery.root, sshd, changed);
    const manifest = openManifest(bakery.manifest, [bakery.pub]);
    await checkDigest(manifest);

    const check = await createChecker({ manifest: () => manifest, root: bakery.root, clock: systemClock }).check([
      sshd,
    ]);
    manifest.close();

    expect(check?.findings).toEqual((await bakery.verify()).findings);
    expect(check?.findings[0]?.diff).toHaveProperty('text');
  });

  it('shows what changed in a text of a component', async () => {
    const root = join(bakery.dir, 'component');
    mkdirSync(join(root, 'srv/extra'), { recursive: true, mode: 0o755 });
    write(root, '/srv/extra/a.conf', 'a=1\n');
    await bakery.bake({ texts: ['/srv/**'], components: [{ name: 'extra', paths: ['/srv/extra/**'] }] });
    const components = { directories: [join(bakery.dir, 'extra')] };
    await bakery.bake({ from: { root, name: 'extra' }, out: components.directories[0]!, texts: ['/srv/**'] });
    mkdirSync(at('srv/extra'));
    write(bakery.root, '/srv/extra/a.conf', 'a=2\n');

    const { findings } = await bakery.verify(undefined, undefined, undefined, components);

    expect(findings.map(({ name, diff }) => [name, diff])).toEqual([
      ['/srv/extra/a.conf', { text: '@@ -1 +1 @@\n-a=1\n+a=2\n', redactions: 0, truncated: false }],
    ]);
  });

  it('keeps and shows the same of an image that is not unpacked', async () => {
    await bakery.bake();
    const kept = blobs();
    write(bakery.root, sshd, changed);
    const { findings } = await bakery.verify();
    const tar = join(bakery.dir, 'image.tar');
    execFileSync('tar', ['-C', bakery.root, '-cf', tar, '.']);

    expect((await bakery.verify(bakery.manifest, undefined, undefined, undefined, tar)).findings).toEqual(findings);
    write(bakery.root, sshd, baked);
    execFileSync('tar', ['-C', bakery.root, '-cf', tar, '.']);
    await bakery.bake({ from: { root: tar, name: 'web' } });
    expect(blobs()).toEqual(kept);
  });

  it('replaces its texts as it replaces the rest', async () => {
    await bakery.bake();
    write(bakery.root, sshd, changed);
    await bakery.bake();

    expect(existsSync(blobOf(changed))).toBe(true);
    expect(existsSync(blobOf(baked))).toBe(false);
    renameSync(at(sshd), at('etc/ssh/old'));
    expect(await diffAt(sshd)).toHaveProperty('text');
  });
});

function write(root: string, name: string, text: string): void {
  writeFileSync(join(root, name), text, { mode: 0o644 });
}
