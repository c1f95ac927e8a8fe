import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Config } from '../../server/config.ts';
import { signatureHeaders } from '../../server/notify/signature.ts';
import { Exemption } from '../../shared/exemption.ts';
import { pageTypes } from '../../shared/page.ts';
import { Policy } from '../../shared/policy.ts';
import { aDirectory } from '../support/database.ts';
import { houseDir } from '../support/house.ts';

const page = readFileSync(join(houseDir, 'server/OPERATING.md'), 'utf8');
const shown = (language: string, from: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))]
    .map((match) => match[1] as string)
    .find((text) => text.startsWith(from)) ?? '';

describe('OPERATING.md', () => {
  it('shows a policy that is one, with everything that may be said in it', () => {
    const policy = Policy.parse(parse(shown('yaml', 'kind: Policy\n')));

    const parts = [...policy.triggers, ...policy.windows, ...policy.budgets].flatMap((part) => Object.keys(part));
    for (const part of [
      'drift',
      'outdated',
      'olderThan',
      'silent',
      'unverifiable',
      'manual',
      'allow',
      'deny',
      'freeze',
    ]) {
      expect(parts).toContain(part);
    }
    for (const part of ['per', 'triggers', 'reason']) {
      expect(parts).toContain(part);
    }
  });

  it('shows an exemption that is one', () => {
    expect(Exemption.safeParse(parse(shown('yaml', 'kind: Exemption\n'))).success).toBe(true);
  });

  it('shows a webhook that is one, and all that it may be called for', () => {
    const { webhook } = Config.parse(parse(shown('yaml', 'webhook:\n')));

    expect(webhook?.events).toEqual([...pageTypes]);
  });

  it('shows how to tell a page of ours from any other', async () => {
    const file = join(aDirectory(), 'verify.mjs');
    writeFileSync(file, shown('js', 'import { createHmac'));
    const { isFromPristine } = await import(pathToFileURL(file).href);
    const [former, secret] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const [body, seconds] = ['{"id":"é"}', 1_800_000_000];
    const headers = signatureHeaders({ id: 'one', seconds, body }, [former, secret]);
    const verify = (overrides: object = {}, text = body, key = secret, later = 0) =>
      isFromPristine({ ...headers, ...overrides }, text, `whsec_${key.toString('base64')}`, (seconds + later) * 1_000);

    expect([verify(), verify({}, body, former)]).toEqual([true, true]);
    expect(verify({}, body, Buffer.alloc(32, 3))).toBe(false);
    expect(verify({}, '{"id":"e"}')).toBe(false);
    expect(verify({ 'webhook-id': 'two' })).toBe(false);
    expect(verify({ 'webhook-timestamp': String(seconds + 1) })).toBe(false);
    expect(verify({}, body, secret, 301)).toBe(false);
    expect(verify({ 'webhook-signature': 'v1,' })).toBe(false);
    expect(verify({ 'webhook-timestamp': undefined })).toBe(false);
  });
});
