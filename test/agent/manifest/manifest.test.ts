import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffText } from '../../../agent/commands/manifest-diff-text.ts';
import { diffManifests } from '../../../agent/manifest/diff.ts';
import { inventory } from '../../../agent/manifest/inventory.ts';
import { manifestFiles } from '../../../shared/manifest.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';
import { aFinding } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const packages = (version: string) =>
  `Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n\n`;

describe('manifests by themselves', () => {
  let bakery: Bakery;
  let a: string;
  let b: string;
  let again: string;
  beforeAll(async () => {
    bakery = aBakery((root) => {
      for (const dir of ['etc', 'usr/bin', 'usr/doc', 'var/lib/dpkg']) mkdirSync(join(root, dir), { recursive: true });
      writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
      writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
      writeFileSync(join(root, 'usr/bin/su'), 'su');
      chmodSync(join(root, 'usr/bin/su'), 0o4755);
      writeFileSync(join(root, 'usr/bin/find'), 'find');
      writeFileSync(join(root, 'usr/bin/old'), 'old');
      writeFileSync(join(root, 'var/lib/dpkg/status'), packages('3.0.15'));
      for (let n = 0; n < 9; n++) writeFileSync(join(root, `usr/doc/${n}`), 'one');
    });
    [a, b, again] = ['a', 'b', 'again'].map((name) => join(bakery.dir, name)) as [string, string, string];
    await bakery.bake({ out: a, rules: [{ match: ['/a'], as: 'ephemeral' }] });
    await bakery.bake({ out: again, rules: [{ match: ['/a'], as: 'ephemeral' }] });
    writeFileSync(join(bakery.root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\neve:x:0:0::/:/bin/sh\n');
    chmodSync(join(bakery.root, 'usr/bin/find'), 0o6755);
    rmSync(join(bakery.root, 'usr/bin/old'));
    writeFileSync(join(bakery.root, 'usr/bin/new'), 'new');
    writeFileSync(join(bakery.root, 'var/lib/dpkg/status'), packages('3.0.16'));
    for (let n = 0; n < 9; n++) writeFileSync(join(bakery.root, `usr/doc/${n}`), 'other');
    await bakery.bake({ out: b, rules: [{ match: ['/b'], as: 'ephemeral' }] });
  });
  afterAll(() => bakery.close());

  it('are equal where entries, rules and platform are', async () => {
    const diff = await diffManifests(a, again, [bakery.pub]);

    expect(diff).toMatchObject({ equal: true, files: [], facts: [], packages: [], truncated: false });
    expect(diff.summary).toEqual({ added: 0, removed: 0, modified: 0 });
  });

  it('differ in what was added, removed and modified, and in no more', async () => {
    const diff = await diffManifests(a, b, [bakery.pub]);

    expect(diff.equal).toBe(false);
    expect(diff.files.map(({ change, name, attributes }) => `${change} ${name} ${attributes.join()}`)).toEqual([
      'modified /etc/passwd content,size',
      'modified /usr/bin/find mode',
      'added /usr/bin/new content,gid,mode,size,type,uid',
      'removed /usr/bin/old content,gid,mode,size,type,uid',
      ...[...'012345678'].map((n) => `modified /usr/doc/${n} content,size`),
      'modified /var/lib/dpkg/status content',
    ]);
    expect(diff.summary).toEqual({ added: 2, removed: 1, modified: 13 });
    expect(diff.rules.added.map(({ match }) => match)).toEqual([['/b']]);
    expect(diff.rules.removed.map(({ match }) => match)).toEqual([['/a']]);
  });

  it('are the other way round when asked so', async () => {
    const diff = await diffManifests(b, a, [bakery.pub]);

    expect(diff.summary).toEqual({ added: 1, removed: 2, modified: 13 });
  });

  it('read as sentences, and a directory with many files as one line', async () => {
    const lines = diffText(await diffManifests(a, b, [bakery.pub])).split('\n');

    expect(lines).toContain('  openssl:amd64 3.0.15 → 3.0.16');
    expect(lines).toContain('  user eve added, uid 0');
    expect(lines).toContain('  modified  /usr/bin/find gains setuid root, gains setgid root');
    expect(lines).toContain('  in        /usr/doc: 9 files, 9 modified');
  });

  it('name each file with another mode, however many its directory has', async () => {
    const diff = await diffManifests(a, b, [bakery.pub]);
    const chmodded = aFinding({
      name: '/usr/doc/shadow',
      attributes: ['content', 'mode'],
      expected: { type: 'file', content: 'a', mode: '0640' },
      actual: { type: 'file', content: 'b', mode: '0777' },
    });

    const lines = diffText({ ...diff, files: [...diff.files, chmodded] }).split('\n');

    expect(lines).toContain('  modified  /usr/doc/shadow: content, mode 0640 → 0777');
    expect(lines).toContain('  in        /usr/doc: 9 files, 9 modified');
  });

  it('list the programs that give more than one has', async () => {
    const { programs } = await inventory(b, [bakery.pub]);

    expect(programs.map(({ name, owner, group, mode, privileges }) => [name, owner, group, mode, privileges])).toEqual([
      ['/usr/bin/find', 'root', 'root', '6755', ['setuid root', 'setgid root']],
      ['/usr/bin/su', 'root', 'root', '4755', ['setuid root']],
    ]);
  });

  it('say nothing when one is not signed by whom we trust, or damaged', async () => {
    const other = aBakery(() => undefined);
    expect(await codeOfAsync(() => diffManifests(a, b, [other.pub]))).toBe('SIGNATURE');
    expect(await codeOfAsync(() => inventory(a, [other.pub]))).toBe('SIGNATURE');
    await other.close();

    renameSync(join(b, manifestFiles.entries), join(again, manifestFiles.entries));

    expect(await codeOfAsync(() => diffManifests(a, again, [bakery.pub]))).toBe('DIGEST');
    expect(await codeOfAsync(() => inventory(again, [bakery.pub]))).toBe('DIGEST');
  });
});
