import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createToken } from '../../../server/store/token-store.ts';
import { systemClock } from '../../../shared/clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aHello, anAgentKey, openLine } from '../../support/scripted-agent.ts';

const page = readFileSync(join(import.meta.dirname, '../../../shared/PROTOCOL.md'), 'utf8');
const transcript = page
  .match(/^(?:S→A|A→S) .*$/gm)!
  .map((line) => ({ isFromAgent: line.startsWith('A→S'), message: JSON.parse(line.slice(4)) }));

let house: GatewayHouse;
afterAll(() => house.close());

it('PROTOCOL.md tells what a server says, word for word, but for nonce, key, token and id', async () => {
  house = await aGatewayHouse();
  const { image: imageDigest } = transcript.find(({ message }) => message.type === 'hello')!.message;
  const origin = { group: 'web', imageDigest, labels: {}, usesMax: 1, expiresInMs: 60_000 };
  const { token: joinToken } = await createToken(house.db, origin, systemClock.now());
  const key = anAgentKey();
  const line = openLine(house.url);
  let nonce = '';

  for (const { isFromAgent, message } of transcript) {
    if (isFromAgent) {
      const { publicKey: _key, signature: _signature, enrolment: _token, ...claims } = message;
      line.send(message.type === 'hello' ? aHello(key, nonce, { ...claims, joinToken }) : message);
      continue;
    }
    const said: Record<string, unknown> = { ...(await line.next()) };
    if (message.type === 'challenge') nonce = String(said['nonce']);
    expect({ ...said, ...variable(message) }).toEqual(message);
    expect(Object.keys(said)).toEqual(Object.keys(message));
  }
});

/** What differs from run to run. */
function variable({ nonce, instanceId }: Readonly<Record<string, unknown>>): object {
  return { ...(nonce !== undefined && { nonce }), ...(instanceId !== undefined && { instanceId }) };
}
