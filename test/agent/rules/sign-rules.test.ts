import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRules } from '../../../agent/rules/sign-rules.ts';
import { BakeConfig } from '../../../shared/rules.ts';
import { aBakery, type Bakery, told } from '../../support/baked.ts';
import { codeOf } from '../../support/code-of.ts';

describe('rules for an image that is baked already', () => {
  let bakery: Bakery;
  const config = BakeConfig.parse({ rules: [{ match: '/file', as: 'ephemeral' }] });
  const sign = (name: string, options: Partial<Parameters<typeof signRules>[0]> = {}) =>
    signRules({
      manifest: bakery.manifest,
      config,
      sequence: 2,
      key: bakery.key,
      out: join(bakery.dir, name),
      ...options,
    });

  beforeAll(async () => {
    bakery = aBakery((root) => writeFileSync(join(root, 'file'), 'baked'));
    await bakery.bake({ profile: 'alpine' });
  });
  afterAll(() => bakery.close());

  it('judge in place of those of the bake, with the same profile', async () => {
    const signed = sign('two');
    writeFileSync(join(bakery.root, 'file'), 'other');
    const before = await bakery.verify();
    copyFileSync(join(bakery.dir, 'two'), join(bakery.manifest, 'rules.dsse.json'));

    const after = await bakery.verify();

    expect(signed.profile).toBe('alpine');
    expect(told(before)).toEqual(['modified /file content']);
    expect([told(after), after.rules]).toEqual([[], 2]);
    expect(codeOf(() => sign('again'))).toBe('CONFLICT');
    expect(sign('three', { sequence: 3 }).sequence).toBe(3);
  });

  it('are refused where they would be taken for others', () => {
    const stranger = generateKeyPairSync('ed25519').privateKey;
    writeFileSync(join(bakery.dir, 'taken'), 'mine');

    expect(codeOf(() => sign('one', { sequence: 1 }))).toBe('CONFLICT');
    expect(codeOf(() => sign('stranger', { key: stranger, sequence: 9 }))).toBe('SIGNATURE');
    expect(codeOf(() => sign('taken', { sequence: 9 }))).toBe('FILE_EXISTS');
    expect(readFileSync(join(bakery.dir, 'taken'), 'utf8')).toBe('mine');
  });

  it('may be signed with a second key where the first is trusted', () => {
    const second = generateKeyPairSync('ed25519').privateKey;

    expect(sign('second', { key: second, trusted: [bakery.pub], sequence: 9 }).sequence).toBe(9);
  });
});
