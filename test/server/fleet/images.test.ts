import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { pushImage } from '../../../server/fleet/images.ts';
import type { Db } from '../../../server/store/database.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { trustKey } from '../../../server/store/key-store.ts';
import { digestOf, sha256Hex } from '../../../shared/digest.ts';
import { type Envelope, keyId, parsePublicKeys, signEnvelope, unsignedEnvelope } from '../../../shared/dsse.ts';
import { manifestPredicateType } from '../../../shared/manifest.ts';
import { rulesPredicateType } from '../../../shared/rules.ts';
import { schemeOf } from '../../../shared/scheme.ts';
import { aTime } from '../../support/builders.ts';
import { aDatabase } from '../../support/database.ts';

const now = Date.parse(aTime);
const trusted = aKey();
const stranger = aKey();

function aKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

function sign(statement: object, ...keys: readonly KeyObject[]): Envelope {
  const envelope = unsignedEnvelope(Buffer.from(JSON.stringify(statement)));
  return keys.reduce(signEnvelope, envelope);
}

function aManifest({ name = 'web', version = '7', entries = 'entries' } = {}, keys = [trusted.privateKey]): Envelope {
  return sign(
    {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'entries.ndjson', digest: { sha256: sha256Hex(entries) } }],
      predicateType: manifestPredicateType,
      predicate: {
        image: { name, version },
        platform: { os: 'linux', arch: 'x64', distro: 'debian-12' },
        scheme: schemeOf({ labels: false }),
        entries: { bytes: 100, lines: 3 },
        notBaked: [],
        tool: { name: 'pristine', version: '0.1.0' },
      },
    },
    ...keys,
  );
}

function someRules({ name = 'web', sequence = 1, profile = 'debian' } = {}, keys = [trusted.privateKey]): Envelope {
  return sign(
    {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'rules', digest: { sha256: sha256Hex('rules') } }],
      predicateType: rulesPredicateType,
      predicate: { image: { name }, sequence, profile, rules: [], pseudoMounts: ['/proc'] },
    },
    ...keys,
  );
}

describe('pushImage', () => {
  let db: Db;
  beforeEach(async () => {
    db = await aDatabase();
    await trustKey(db, { name: 'ci', pem: trusted.pem, at: aTime });
  });

  it('takes in an image by the digest of its statement, and says who signed', async () => {
    const manifest = aManifest();

    const pushed = await pushImage(db, { manifest, rules: someRules() }, now);

    expect(pushed).toMatchObject({
      ...{ name: 'web', version: '7', digest: digestOf(Buffer.from(manifest.payload, 'base64')) },
      ...{ entries: 3, rules: 1, instances: 0, signedBy: [keyId(parsePublicKeys(trusted.pem)[0]!)] },
    });
    expect(await readEvents(db, { afterId: 1, limit: 10 })).toMatchObject([{ type: 'image.pushed' }]);
  });

  it('changes nothing when pushed again', async () => {
    const image = { manifest: aManifest(), rules: someRules() };
    const first = await pushImage(db, image, now);

    expect(await pushImage(db, image, now + 1)).toEqual(first);
    expect(await readEvents(db, { afterId: 1, limit: 10 })).toHaveLength(1);
  });

  it('has one winner when two push the same at once', async () => {
    const image = { manifest: aManifest(), rules: someRules() };

    await Promise.all([pushImage(db, image, now), pushImage(db, image, now)]);

    expect(await db.selectFrom('image').select('digest').execute()).toHaveLength(1);
  });

  it.each([
    ['an unsigned manifest', 'UNSIGNED', () => ({ manifest: aManifest({}, []), rules: someRules() })],
    ['unsigned rules', 'UNSIGNED', () => ({ manifest: aManifest(), rules: someRules({}, []) })],
    [
      'a manifest of a stranger',
      'SIGNATURE',
      () => ({ manifest: aManifest({}, [stranger.privateKey]), rules: someRules() }),
    ],
    [
      'rules of a stranger',
      'SIGNATURE',
      () => ({ manifest: aManifest(), rules: someRules({}, [stranger.privateKey]) }),
    ],
    ['a manifest in place of rules', 'STATEMENT', () => ({ manifest: aManifest(), rules: aManifest() })],
    ['rules in place of a manifest', 'STATEMENT', () => ({ manifest: someRules(), rules: someRules() })],
    ['rules of another image', 'RULES', () => ({ manifest: aManifest(), rules: someRules({ name: 'api' }) })],
    [
      'another type of payload',
      'SIGNATURE',
      () => ({ manifest: { ...aManifest(), payloadType: 'text/plain' }, rules: someRules() }),
    ],
    [
      'a payload that was changed after signing',
      'SIGNATURE',
      () => ({ manifest: { ...aManifest(), payload: aManifest({ version: '8' }).payload }, rules: someRules() }),
    ],
  ])('refuses %s', async (_, code, makeImage) => {
    await expect(pushImage(db, makeImage(), now)).rejects.toMatchObject({ code });
    expect(await db.selectFrom('image').select('digest').execute()).toEqual([]);
  });

  it.each([
    ['the same name and version with another digest', 'CONFLICT', aManifest({ entries: 'others' }), someRules()],
    ['the same image with other rules of the same sequence', 'CONFLICT', aManifest(), someRules({ profile: 'other' })],
    ['the same image with newer rules', 'CONFLICT', aManifest(), someRules({ sequence: 2 })],
  ])('refuses %s', async (_, code, manifest, rules) => {
    await pushImage(db, { manifest: aManifest(), rules: someRules() }, now);

    await expect(pushImage(db, { manifest, rules }, now)).rejects.toMatchObject({ code });
  });

  it('refuses everything while no key is trusted', async () => {
    await db.deleteFrom('trusted_key').execute();

    const attempt = pushImage(db, { manifest: aManifest(), rules: someRules() }, now);

    await expect(attempt).rejects.toMatchObject({ code: 'SIGNATURE' });
  });
});

describe('trustKey', () => {
  it('keeps one key once, under its first name', async () => {
    const db = await aDatabase();
    const first = await trustKey(db, { name: 'ci', pem: trusted.pem, at: aTime });

    expect(await trustKey(db, { name: 'other', pem: `comment\n${trusted.pem}`, at: aTime })).toEqual(first);
    expect(await readEvents(db, { afterId: 0, limit: 10 })).toMatchObject([
      { type: 'key.trusted', data: { key: first.id, name: 'ci', actor: 'admin' } },
    ]);
  });

  it.each([
    ['no key', 'nothing'],
    ['two keys', trusted.pem + stranger.pem],
    ['a private key', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ],
  ])('refuses %s', async (_, pem) => {
    await expect(trustKey(await aDatabase(), { name: 'x', pem, at: aTime })).rejects.toMatchObject({ code: 'KEY' });
  });
});
