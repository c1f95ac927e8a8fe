import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pae, parseEnvelope, signEnvelope, unsignedEnvelope, verifyEnvelope } from '../../shared/dsse.ts';
import { codeOf } from '../support/code-of.ts';

const alice = generateKeyPairSync('ed25519');
const bob = generateKeyPairSync('ed25519');
const payload = Buffer.from('hello world');

describe('a DSSE envelope', () => {
  it('is encoded as in the specification', () => {
    expect(pae('http://example.com/HelloWorld', payload).toString()).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    );
  });

  it('counts bytes, not characters', () => {
    expect(pae('é', Buffer.from('ü')).toString()).toBe('DSSEv1 2 é 2 ü');
  });

  it('yields its payload to the key that signed it', () => {
    const envelope = signEnvelope(unsignedEnvelope(payload), alice.privateKey);

    expect(verifyEnvelope(envelope, [alice.publicKey])).toEqual(payload);
    expect(codeOf(() => verifyEnvelope(envelope, [bob.publicKey]))).toBe('SIGNATURE');
    expect(codeOf(() => verifyEnvelope(unsignedEnvelope(payload), [alice.publicKey]))).toBe('UNSIGNED');
  });

  it('counts distinct keys, whatever they are called', () => {
    const once = signEnvelope(unsignedEnvelope(payload), alice.privateKey);
    const [signature] = once.signatures;
    const twice = { ...once, signatures: [signature!, { ...signature!, keyid: 'another name' }] };

    expect(codeOf(() => verifyEnvelope(twice, [alice.publicKey, alice.publicKey, bob.publicKey], 2))).toBe('SIGNATURE');
    expect(verifyEnvelope(signEnvelope(once, bob.privateKey), [alice.publicKey, bob.publicKey], 2)).toEqual(payload);
  });

  it('lets the keyid decide nothing', () => {
    const envelope = signEnvelope(unsignedEnvelope(payload), alice.privateKey);
    const renamed = { ...envelope, signatures: envelope.signatures.map(({ sig }) => ({ keyid: 'bob', sig })) };

    expect(verifyEnvelope(renamed, [alice.publicKey])).toEqual(payload);
  });

  it('does not read one payload in two types', () => {
    const envelope = signEnvelope(unsignedEnvelope(payload), alice.privateKey);

    expect(codeOf(() => verifyEnvelope({ ...envelope, payloadType: 'text/plain' }, [alice.publicKey]))).toBe(
      'SIGNATURE',
    );
  });

  it('takes URL-safe base64, and no other spelling', () => {
    const envelope = signEnvelope(unsignedEnvelope(Buffer.from([0xfb, 0xff, 0xfe])), alice.privateKey);
    const spelt = (text: string) => codeOf(() => verifyEnvelope({ ...envelope, payload: text }, [alice.publicKey]));

    expect([envelope.payload, spelt('+//+'), spelt('-__-')]).toEqual(['+//+', undefined, undefined]);
    for (const other of ['+//+=', '+ //+', '+//+\n', '+//+!']) expect(spelt(other)).toBe('ENVELOPE');
    const spare = signEnvelope(unsignedEnvelope(Buffer.from([0])), alice.privateKey);
    expect(codeOf(() => verifyEnvelope({ ...spare, payload: 'AB==' }, [alice.publicKey]))).toBe('ENVELOPE');
  });

  it.each(['', 'null', '[]', '{}', '{"payload":1}', '['.repeat(100_000)])('is not %.20j', (text) => {
    expect(codeOf(() => parseEnvelope(text))).toBe('ENVELOPE');
  });
});
