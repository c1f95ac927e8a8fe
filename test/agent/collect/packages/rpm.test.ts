import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectFacts } from '../../../../agent/collect/facts/collector.ts';
import { packages } from '../../../../agent/collect/packages/packages.ts';
import { rpmTags } from '../../../../agent/collect/packages/rpm-header.ts';
import { directoryRoot } from '../../../../agent/collect/root.ts';
import { aRootOf } from '../../../support/root-files.ts';
import { anRpmHeader, anRpmPackage, anRpmSqlite, fillWithLog } from '../../../support/rpm-database.ts';

const collected = (root: string) => collectFacts(directoryRoot(root), 'fedora 43', [packages]);
const holeAt = (name: string) => ({ subject: 'package', name, reason: 'unparseable' });
const sqlite = '/usr/lib/sysimage/rpm/rpmdb.sqlite';

describe('the databases of rpm', () => {
  it('give each package with its package URL', () => {
    const root = aRootOf({ [sqlite]: anRpmSqlite([anRpmPackage('bash', '5.1', { [rpmTags.epoch]: [2] })]) });

    expect(collected(root)).toEqual({
      entries: [
        {
          subject: 'package',
          name: 'bash:x86_64',
          version: '2:5.1-1',
          status: 'installed',
          purl: 'pkg:rpm/fedora/bash@5.1-1?arch=x86_64&epoch=2',
        },
      ],
      holes: [],
    });
  });

  it('give one entry for several versions, called after the last', () => {
    const versions = ['6.2', '6.1', '6.1'].map((version) => anRpmPackage('kernel', version));
    const key = anRpmHeader({ [rpmTags.name]: 'gpg-pubkey', [rpmTags.version]: 'a', [rpmTags.release]: 'b' });

    expect(collected(aRootOf({ [sqlite]: anRpmSqlite([...versions, key]) })).entries).toMatchObject([
      { name: 'gpg-pubkey:(none)', version: 'a-b', purl: 'pkg:rpm/fedora/gpg-pubkey@a-b' },
      { name: 'kernel:x86_64', version: '6.1-1, 6.2-1', purl: 'pkg:rpm/fedora/kernel@6.2-1?arch=x86_64' },
    ]);
  });

  it('are read as ndb too, and once where two places are one', () => {
    const ndb = readFileSync(join(import.meta.dirname, '../../../fixtures/rpm/Packages.db'));
    const root = aRootOf({ '/usr/lib/sysimage/rpm/Packages.db': ndb });
    mkdirSync(join(root, 'var/lib'), { recursive: true });
    symlinkSync('../../usr/lib/sysimage/rpm', join(root, 'var/lib/rpm'));

    expect(collected(root)).toMatchObject({
      entries: [
        { name: 'alpha:noarch', version: '1.0-1, 2.0-1' },
        { name: 'beta:noarch', version: '2:0.9-3' },
      ],
      holes: [],
    });
  });

  it('are read with what is in their log only', () => {
    const root = aRootOf({ '/var/lib/rpm/.rpm.lock': '' });
    const path = join(root, 'var/lib/rpm/rpmdb.sqlite');
    const writer = fillWithLog(path, [anRpmPackage('bash', '5.1')], [anRpmPackage('zlib', '1')]);

    expect(collected(root).entries.map(({ name }) => name)).toEqual(['bash:x86_64', 'zlib:x86_64']);
    expect(readFileSync(`${path}-wal`).length).toBeGreaterThan(0);
    writer.close();
  });

  it.each([
    ['of Berkeley DB', '/var/lib/rpm/Packages', ''],
    ['with another magic', sqlite, 'x'.repeat(4_096)],
    ['that is empty', sqlite, ''],
    ['of ndb that is empty', '/var/lib/rpm/Packages.db', ''],
  ])('are a hole when there is one %s', (_what, path, content) => {
    expect(collected(aRootOf({ [path]: content }))).toEqual({ entries: [], holes: [holeAt(path)] });
  });

  it('are a hole when a directory, a loop or an open journal stands for them', () => {
    const root = aRootOf({ [`${sqlite}/file`]: '' });
    expect(collected(root).holes).toEqual([holeAt(sqlite)]);

    rmSync(join(root, sqlite), { recursive: true });
    writeFileSync(join(root, sqlite), anRpmSqlite([]));
    writeFileSync(join(root, `${sqlite}-journal`), 'x');
    expect(collected(root).holes).toEqual([holeAt(sqlite)]);

    rmSync(join(root, 'usr/lib/sysimage/rpm'), { recursive: true });
    symlinkSync('rpm', join(root, 'usr/lib/sysimage/rpm'));
    expect(collected(root).holes).toEqual([holeAt('/usr/lib/sysimage/rpm')]);
  });

  it('are a hole when only what is made from them is left', () => {
    expect(collected(aRootOf({ '/var/lib/rpm/Index.db': 'x' })).holes).toEqual([holeAt('/var/lib/rpm')]);
  });
});
