import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSecrets, signatureHeaders } from '../../../server/notify/signature.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { aDirectory } from '../../support/database.ts';

const one = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const two = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;

it('signs as the reference implementations of Standard Webhooks do', async () => {
  const secrets = await openSecrets(undefined, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')();
  const signed = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, body: '{"test": 2432232314}' };

  expect(signatureHeaders(signed, secrets)).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

describe('secrets', () => {
  it('are read anew, so that both sign while one is exchanged', async () => {
    const file = join(aDirectory(), 'secret');
    writeFileSync(file, `${one}\n`);
    const secrets = openSecrets(file, undefined);
    const signed = { id: 'a', seconds: 1, body: '{}' };
    const before = signatureHeaders(signed, await secrets())['webhook-signature'];

    writeFileSync(file, `${two}\n${one}\n`);

    const after = signatureHeaders(signed, await secrets())['webhook-signature']?.split(' ');
    expect(after).toHaveLength(2);
    expect(after?.[1]).toBe(before);
  });

  it.each([
    ['nothing', ''],
    ['three', `${one} ${two} ${one}`],
    ['a word', 'secret'],
    ['one without its prefix', one.slice(6)],
    ['a short one', `whsec_${Buffer.alloc(16).toString('base64')}`],
    ['one that is no base64', 'whsec_$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$$'],
  ])('refuse %s, and never say what it was', async (_, text) => {
    const error = await openSecrets(undefined, text)().catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: 'CONFIG' });
    if (text.length > 6) expect(String(error)).not.toContain(text.slice(0, 12).replace('whsec_', '') || text);
  });

  it('must come from somewhere', async () => {
    expect(await codeOfAsync(async () => openSecrets(undefined, undefined))).toBe('CONFIG');
    const gone = join(aDirectory(), 'none');
    expect(await codeOfAsync(() => openSecrets(gone, undefined)())).toBe('CONFIG');
  });
});
