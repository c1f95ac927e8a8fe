import { describe, expect, it } from 'vitest';
import { get } from '../../../server/ctl/commands/drifts.ts';
import type { Context } from '../../../server/ctl/context.ts';
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
