import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createChecker } from '../../../agent/check/check-subjects.ts';
import { openLinkedNames } from '../../../agent/check/linked-names.ts';
import { type Manifest, openManifest } from '../../../agent/check/open-manifest.ts';
import { rootPrefix } from '../../../agent/collect/system-path.ts';
import type { Checker } from '../../../agent/scan.ts';
import { systemClock } from '../../../shared/clock.ts';
import { aBakery, type Bakery, told } from '../../support/baked.ts';

let bakery: Bakery;
let manifest: Manifest;
let checker: Checker;
const at = (name: string) => join(bakery.root, name);
const stampsFile = () => join(bakery.dir, 'stamps');

beforeEach(async () => {
  bakery = aBakery((root) => {
    for (const directory of ['bin', 'tmp', 'srv']) mkdirSync(join(root, directory));
    for (const name of ['bin/su', 'srv/other']) writeFileSync(join(root, name), name);
    linkSync(join(root, 'bin/su'), join(root, 'bin/sg'));
  });
  await bakery.bake({ rules: [{ as: 'ephemeral', match: '/tmp/**' }] });
  await bakery.verify(undefined, stampsFile());
  manifest = openManifest(bakery.manifest, [bakery.pub]);
  checker = createChecker({
    ...{ manifest: () => manifest, root: bakery.root, clock: systemClock, directory: bakery.dir },
    linked: openLinkedNames(stampsFile()),
  });
});
afterEach(async () => {
  manifest.close();
  await bakery.close();
});

describe('a check of a file that has other names', () => {
  it('looks at those that the last sweep saw', async () => {
    writeFileSync(at('bin/sg'), 'changed');

    expect(await found('/bin/sg')).toEqual(['modified /bin/sg content,size', 'modified /bin/su content,size']);
  });

  it('looks at what was written to by a link somewhere else', async () => {
    linkSync(at('srv/other'), at('tmp/innocent'));
    writeFileSync(at('tmp/innocent'), 'changed');

    expect(await found('/tmp/innocent')).toEqual(['modified /srv/other content,size']);
  });

  it('looks at names that a check has met since, by which the file goes now', async () => {
    mkdirSync(at('srv/new'));
    renameSync(at('srv/other'), at('srv/new/name'));
    await found('/srv/new', '/srv/other');
    linkSync(at('srv/new/name'), at('tmp/innocent'));
    writeFileSync(at('tmp/innocent'), 'changed');

    const check = await checker.check(['/tmp/innocent']);

    expect(check?.looked).toContainEqual({ subject: 'file', name: '/srv/new/name' });
  });

  it('looks at the name alone where no sweep has left what it saw', async () => {
    rmSync(stampsFile());
    writeFileSync(at('bin/sg'), 'changed');

    expect(await found('/bin/sg')).toEqual(['modified /bin/sg content,size']);
  });

  it('looks at nothing else for a file of one name', () => {
    const linked = openLinkedNames(stampsFile());

    expect(linked.othersOf(rootPrefix(bakery.root), ['/srv/other', '/srv', '/nowhere'])).toEqual([]);
  });
});

async function found(...names: readonly string[]): Promise<readonly string[]> {
  const check = await checker.check(names);
  return told(check!).sort();
}
