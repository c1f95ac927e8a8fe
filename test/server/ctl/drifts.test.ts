import { describe, expect, it } from 'vitest';
import { beneath, get, list } from '../../../server/ctl/commands/drifts.ts';
import type { Context } from '../../../server/ctl/context.ts';
import { restoredFinding } from '../../../shared/restored.ts';
import { codeOfAsync } from '../../support/code-of.ts';

const fingerprints = [`abcd1${'0'.repeat(59)}`, `abcd2${'0'.repeat(59)}`];

/** Gives what was shown. */
async function got(wanted: string): Promise<unknown> {
  const shown: unknown[] = [];
  const remote = {
    list: async () => ({ items: fingerprints.map((fingerprint) => ({ fingerprint })), nextCursor: null }),
    get: async (path: string) => ({ fingerprint: path.replace('drifts/', '') }),
  };
  const out = { json: (value: unknown) => void shown.push(value) };
  await get({ json: true, remote, out } as unknown as Context, [wanted]);
  return shown[0];
}

describe('pristinectl drifts get', () => {
  it.each([fingerprints[0]!, fingerprints[0]!.slice(0, 12)])('finds one drift by %s', async (wanted) => {
    expect(await got(wanted)).toEqual({ fingerprint: fingerprints[0] });
  });

  it.each([
    ['abcd', 'USAGE'],
    ['ffff', 'NOT_FOUND'],
  ])('does not guess what %s means', async (wanted, code) => {
    expect(await codeOfAsync(() => got(wanted))).toBe(code);
  });
});

describe('a relabel', () => {
  const relabel = { ...{ name: '/', attributes: ['gid', 'uid'], files: 4_211 }, fingerprint: fingerprints[0] };
  const file = {
    ...{ fingerprint: fingerprints[1], name: '/usr/bin/env', attributes: ['xattrs'], files: null },
    ...{ expected: {}, actual: { xattrs: { 'user.a': '1', 'user.b': '2' } } },
  };

  it('is named by what differs and on how many files', async () => {
    expect(await rowsOf(list, { drifts: [relabel] }, [])).toMatchObject([
      expect.arrayContaining(['gid and uid on 4211 files: a relabel']),
    ]);
  });

  it('is followed by every file beneath it', async () => {
    const pages = { drifts: [relabel], [`drifts/${relabel.fingerprint}/beneath`]: [file] };

    expect(await rowsOf((context, args) => beneath(context, args), pages, ['abcd1'])).toMatchObject([
      expect.arrayContaining(['/usr/bin/env', 'xattrs – → user.a=1 user.b=2']),
    ]);
  });
});

it('a drift that was restored everywhere says so in its name', async () => {
  const drift = { ...restoredFinding('/usr/bin/passwd'), files: null, openInstances: 2 };

  expect(await rowsOf(list, { drifts: [drift] }, [])).toMatchObject([
    expect.arrayContaining(['/usr/bin/passwd: written and restored']),
  ]);
});

async function rowsOf(
  command: typeof list,
  pages: Readonly<Record<string, readonly object[]>>,
  args: readonly string[],
): Promise<unknown> {
  let shown: unknown;
  const remote = { list: async (path: string) => ({ items: pages[path] ?? [], nextCursor: null }) };
  const out = { table: (_columns: unknown, rows: unknown) => (shown = rows) };
  await command({ json: false, remote, out } as unknown as Context, args, {});
  return shown;
}
