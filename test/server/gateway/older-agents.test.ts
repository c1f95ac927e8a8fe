import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openFindings } from '../../../server/store/finding-store.ts';
import { createToken } from '../../../server/store/token-store.ts';
import { systemClock } from '../../../shared/clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { anAgentKey, deliver, sayHello } from '../../support/scripted-agent.ts';

const directory = join(import.meta.dirname, '../../compat');
const releases = readdirSync(directory).filter((name) => name.endsWith('.ndjson'));

let house: GatewayHouse;
afterEach(() => house.close());

describe('an agent of before', () => {
  it.each(releases)('is understood: %s', async (name) => {
    house = await aGatewayHouse();
    const [hello, ...frames] = readFileSync(join(directory, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const origin = { group: 'web', imageDigest: hello.image, labels: {}, usesMax: 1, expiresInMs: 60_000 };
    const { token: joinToken } = await createToken(house.db, origin, systemClock.now());
    const { publicKey: _key, signature: _signature, ...claims } = hello;

    const { line, answer } = await sayHello(house.url, anAgentKey(), { ...claims, joinToken });

    expect(answer).toMatchObject({ type: 'welcome', acked: null });
    for (const frame of frames) {
      if (frame.type !== 'report') line.send(frame);
      else expect(await deliver(line, frame)).toEqual({ type: 'ack', boot: frame.boot, seq: frame.seq });
    }
    // Whatever was refused would have closed the line before this is answered.
    const last = frames.findLast(({ type }) => type === 'report');
    expect(await deliver(line, last)).toMatchObject({ type: 'ack', seq: last.seq });
    const { id } = await house.db.selectFrom('instance').select('id').executeTakeFirstOrThrow();
    expect(await openFindings(house.db, id)).toEqual([]);
  });
});
