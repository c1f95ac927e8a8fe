import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWays } from '../../../server/intake/enrolment/ways.ts';
import { systemClock } from '../../../shared/clock.ts';
import { someClouds } from '../../support/clouds.ts';
import { aGatewayHouse } from '../../support/gateway-house.ts';
import { awsRefusals } from '../../support/refusals/aws.ts';
import { awsSignedDataRefusals } from '../../support/refusals/aws-signed-data.ts';
import { kubernetesRefusals } from '../../support/refusals/kubernetes.ts';
import { tokenRefusals } from '../../support/refusals/tokens.ts';
import type { RefusalWorld } from '../../support/refusals/world.ts';
import { insertGroup, insertImage } from '../../support/rows.ts';
import { anAgentKey, sayHello } from '../../support/scripted-agent.ts';

const world = { clouds: someClouds() } as RefusalWorld;
const refusals = [
  ...tokenRefusals(world),
  ...awsRefusals(world),
  ...awsSignedDataRefusals(world),
  ...kubernetesRefusals(world),
];

describe('what nobody enrols with', () => {
  beforeAll(async () => {
    world.house = await aGatewayHouse({ ways: await openWays(world.clouds.config, systemClock) });
    await insertGroup(world.house.db);
    await insertImage(world.house.db);
    world.tokens = await aGatewayHouse();
    const { kubernetes } = someClouds({ jwks: 'http://127.0.0.1:9/jwks' }).config;
    world.deaf = await aGatewayHouse({ ways: await openWays({ kubernetes }, systemClock) });
  });
  afterAll(async () => {
    await Promise.all([world.house, world.tokens, world.deaf].map((house) => house.close()));
    console.info(`${refusals.length} refusals, each with its close code and reason`);
  });

  it('are more than thirty', () => {
    expect(refusals.length).toBeGreaterThanOrEqual(30);
  });

  it.each(refusals)('refuses $what with $code', async ({ hello, code, reason, at = () => world.house }) => {
    const key = anAgentKey();
    const overrides = await hello();

    const { answer } = await sayHello(at().url, key, overrides);

    expect(answer).toMatchObject({ type: 'closed', code, reason: expect.stringMatching(reason) });
    const rows = at().db.selectFrom('instance').select('id').where('public_key', '=', key.publicKey);
    expect(await rows.execute()).toEqual([]);
  });

  it('logs none of what was shown', () => {
    const logged = [world.house, world.tokens, world.deaf].flatMap((house) => house.logged).join('');

    expect(logged).not.toMatch(/pst_|eyJ|privateIp|"jti"/);
  });
});
