import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBakeConfig } from '../../../agent/bake/config-file.ts';
import { verify } from '../../../agent/check/verify.ts';
import { fragmentOf } from '../../../agent/learn/fragment.ts';
import { learn } from '../../../agent/learn/learn.ts';
import { systemClock } from '../../../shared/clock.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const onProgress = () => undefined;

describe('learning from booted instances', { timeout: 120_000 }, () => {
  let bakery: Bakery;
  let trees = 0;

  beforeAll(async () => {
    bakery = aBakery((root) => {
      for (const dir of ['etc', 'srv/app', 'var/lib/cloud', 'var/lib/own', 'usr/bin']) {
        mkdirSync(join(root, dir), { recursive: true });
      }
      for (const name of ['etc/conf', 'srv/app/data', 'srv/app/9', 'usr/bin/tool'])
        writeFileSync(join(root, name), 'baked', { mode: 0o644 });
    });
    await bakery.bake({ profile: 'debian' });
  });
  afterAll(() => bakery.close());

  /** A copy of the image after `boot`. */
  function booted(boot: (root: string) => void): string {
    const root = join(bakery.dir, `instance-${trees++}`);
    execFileSync('cp', ['-a', bakery.root, root]);
    boot(root);
    return root;
  }
  const learnFrom = (roots: readonly string[]) =>
    learn({ roots, manifest: bakery.manifest, keys: [bakery.pub], pool: bakery.pool, clock: systemClock, onProgress });

  it('is refused with fewer than three, with one twice, and with one that is not there', async () => {
    const [a, b] = [booted(() => undefined), booted(() => undefined)];

    const codes = [[a], [a, b], [a, b, a], [a, b, `${a}-none`]].map(
      async (roots) => await codeOfAsync(() => learnFrom(roots)),
    );

    expect(await Promise.all(codes)).toEqual(['USAGE', 'USAGE', 'USAGE', 'NOT_FOUND']);
  });

  it('proposes nothing where booting changed nothing', async () => {
    const learnt = await learnFrom([1, 2, 3].map(() => booted(() => undefined)));

    expect([learnt.rules, learnt.forAPerson, learnt.leftOver, learnt.holes]).toEqual([[], [], [], []]);
    expect(fragmentOf(learnt)).toContain('\nrules: []\n');
  });

  it('proposes no pattern that would relax what was baked', async () => {
    const learnt = await learnFrom(
      [1, 2, 3].map((n) =>
        booted((root) => {
          writeFileSync(join(root, `srv/app/${n}234`), `${n}`);
          writeFileSync(join(root, `srv/${n}234`), `${n}`);
        }),
      ),
    );

    expect(learnt.rules.map(({ rule }) => rule.match)).toEqual([['/srv/[0-9]*']]);
    expect(learnt.forAPerson.map(({ name }) => name)).toEqual(['/srv/app/1234']);
  });

  it('writes a fragment that bake takes, and whose comments nobody breaks out of', async () => {
    const evil = 'srv/a\nrules: [{match: "/**", as: ephemeral}]\u2028# "\'{}';
    const learnt = await learnFrom(
      [1, 2, 3].map((n) =>
        booted((root) => {
          writeFileSync(join(root, 'srv/id'), `${n}`);
          mkdirSync(dirname(join(root, evil)), { recursive: true });
          writeFileSync(join(root, evil), `${n}`);
          if (n === 1) writeFileSync(join(root, evil.replace('srv', 'etc').replaceAll('/**', '')), '');
        }),
      ),
    );
    const file = join(bakery.dir, 'fragment.yaml');
    writeFileSync(file, fragmentOf(learnt));

    const { rules } = await readBakeConfig(file);

    expect(rules.map(({ as }) => as)).toEqual(learnt.rules.map(({ rule }) => rule.as));
    expect(rules.flatMap(({ match }) => match)).not.toContain('/**');
  });

  it('makes the instances clean but for what it left over, whatever booting did', async () => {
    /** What a boot may do; `n` is the instance, from 0. */
    const acts: readonly ((root: string, n: number) => void)[] = [
      (root, n) => writeFileSync(join(root, 'etc/conf'), `own ${n}`),
      (root) => writeFileSync(join(root, 'srv/app/data'), 'alike'),
      (root, n) => writeFileSync(join(root, 'usr/bin/tool'), `own ${n}`),
      (root, n) => writeFileSync(join(root, `srv/${String(n).repeat(8)}.id`), `${n}`),
      (root, n) => n === 1 && writeFileSync(join(root, 'srv/once'), ''),
      (root) => writeFileSync(join(root, 'srv/[a]*'), 'alike'),
      (root, n) => writeFileSync(join(root, 'srv/new'), `${n}`, { mode: n === 2 ? 0o755 : 0o644 }),
      (root) => mkdirSync(join(root, 'var/lib/own/deep/er'), { recursive: true }),
      (root, n) => symlinkSync(`/x${n}`, join(root, 'var/lib/own/link')),
      (root, n) => {
        mkdirSync(join(root, `var/lib/cloud/instances/iid-${n}`), { recursive: true });
        symlinkSync(`instances/iid-${n}`, join(root, 'var/lib/cloud/instance'));
      },
      (root, n) => writeFileSync(join(root, 'var/lib/cloud/script'), `${n}`, { mode: 0o700 }),
      (root) => rmSync(join(root, 'srv/app/data')),
      (root, n) =>
        writeFileSync(join(root, 'etc/passwd'), `root:x:0:0::/root:/bin/sh\neve:x:100${n}:1000::/home/eve:/bin/sh\n`),
      (root) => writeFileSync(join(root, 'etc/group'), 'eve:x:1000:\n'),
    ];
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(acts.length - 1), { minLength: 1 }), async (chosen) => {
        const roots = [0, 1, 2].map((n) => booted((root) => chosen.forEach((act) => void acts[act]!(root, n))));
        const learnt = await learnFrom(roots);
        const out = join(bakery.dir, `again-${trees++}`);
        await bakery.bake({ rules: learnt.rules.map(({ rule }) => rule), profile: 'debian', out });
        const kept = new Set(
          [...learnt.forAPerson, ...learnt.leftOver].map(({ subject, name }) => `${subject} ${name}`),
        );

        for (const root of roots) {
          const report = await verify({
            root,
            manifest: out,
            keys: [bakery.pub],
            pool: bakery.pool,
            clock: systemClock,
            onProgress,
          });
          const found = report.findings.map(({ subject, name }) => `${subject} ${name}`);
          expect(found.filter((one) => !kept.has(one))).toEqual([]);
        }
        for (const root of roots) rmSync(root, { recursive: true });
        rmSync(out, { recursive: true });
      }),
      { numRuns: 12 },
    );
  });
});
