import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Manifest, openManifest } from '../../../agent/check/open-manifest.ts';
import { type OfferedEnvelope, openRulesInForce } from '../../../agent/rules/rules-in-force.ts';
import type { Envelope } from '../../../shared/dsse.ts';
import { aBakery, type Bakery } from '../../support/baked.ts';
import { aDirectory } from '../../support/directory.ts';
import { rulesEnvelope } from '../../support/rules.ts';

const stranger = generateKeyPairSync('ed25519').privateKey;
let bakery: Bakery;
let manifest: Manifest;
let stateDir: string;

beforeAll(async () => {
  bakery = aBakery((root) => mkdirSync(join(root, 'etc')));
  await bakery.bake();
  manifest = openManifest(bakery.manifest, [bakery.pub]);
});
afterAll(async () => {
  manifest.close();
  await bakery.close();
});
beforeEach(() => {
  stateDir = aDirectory();
});

describe('the rules in force', () => {
  it.each<[string, string, () => Envelope]>([
    ['of a stranger', 'SIGNATURE', () => rulesEnvelope({ sequence: 9, key: stranger })],
    ['that nobody signed', 'UNSIGNED', () => rulesEnvelope({ sequence: 9 })],
    ['of the same sequence', 'RULES', () => signed({ sequence: 3 })],
    ['of a lower sequence', 'RULES', () => signed({ sequence: 2 })],
    ['of another image', 'RULES', () => signed({ sequence: 9, name: 'api' })],
    [
      'whose payload was changed',
      'SIGNATURE',
      () => ({ ...signed({ sequence: 9 }), payload: signed({ sequence: 8 }).payload }),
    ],
    [
      'in another spelling',
      'ENVELOPE',
      () => ({ ...signed({ sequence: 9 }), signatures: [{ ...signed({ sequence: 9 }).signatures[0]!, keyid: 'x' }] }),
    ],
  ])('are not replaced by rules %s', async (_, code, make) => {
    const inForce = open();
    await inForce.take(signed({ sequence: 3 }) as OfferedEnvelope);

    await expect(inForce.take(make() as OfferedEnvelope)).rejects.toMatchObject({ code });

    expect([inForce.manifest.rules.sequence, open().manifest.rules.sequence]).toEqual([3, 3]);
  });

  it('are newer ones once they are taken, after a restart too', async () => {
    const inForce = open();
    await inForce.take(signed({ sequence: 2, rules: [{ match: '/etc/x', as: 'ephemeral' }] }) as OfferedEnvelope);

    expect(inForce.manifest.rulebook.rulingOf('/etc/x' as never).treatment).toBe('ephemeral');
    expect(open().manifest.rules.sequence).toBe(2);
    expect(existsSync(open().file!)).toBe(true);
  });

  it.each([
    ['spoilt', () => '{"payload":'],
    ['of a stranger', () => JSON.stringify(rulesEnvelope({ sequence: 9, key: stranger }))],
    ['of another image', () => `${JSON.stringify(signed({ sequence: 9, name: 'api' }))}\n`],
  ])('are those of the image where what is kept is %s', (_, content) => {
    writeFileSync(join(stateDir, 'rules.dsse.json'), content());

    const inForce = open();

    expect([inForce.manifest.rules.sequence, inForce.file]).toEqual([1, undefined]);
  });
});

function open() {
  return openRulesInForce({ manifest, keys: [bakery.pub], stateDir, log: pino({ enabled: false }) });
}

function signed(options: { readonly sequence: number; readonly name?: string; readonly rules?: readonly unknown[] }) {
  return rulesEnvelope({ ...options, key: bakery.key });
}
