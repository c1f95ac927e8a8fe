import { revokeToken } from '../../../server/store/token-store.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { hourMs, odd, type Refusal, type RefusalWorld, used, withToken } from './world.ts';

const { badMessage, unauthorized } = CloseCode;

/** Join tokens that are none, and what no way of enrolling is. */
export const tokenRefusals = (world: RefusalWorld): readonly Refusal[] => [
  { what: 'no credential', hello: () => ({}), code: unauthorized, reason: /no credential/ },
  { what: 'an unknown token', hello: () => withToken('pst_unknown'), code: unauthorized, reason: /unknown/ },
  {
    what: 'an expired token',
    hello: async () => withToken(await world.house.aToken({ expiresInMs: 0 })),
    ...{ code: unauthorized, reason: /expired/ },
  },
  {
    what: 'a used token',
    hello: async () => used(world, withToken(await world.house.aToken())),
    ...{ code: unauthorized, reason: /used up/ },
  },
  {
    what: 'a revoked token',
    async hello() {
      const joinToken = await world.house.aToken();
      const rows = await world.house.db.selectFrom('join_token').select('id').orderBy('id', 'desc').execute();
      await revokeToken(world.house.db, rows[0]?.id ?? '', Date.now());
      return { joinToken };
    },
    ...{ code: unauthorized, reason: /revoked/ },
  },
  {
    what: 'a token of another network',
    hello: async () => withToken(await world.house.aToken({ cidrs: ['10.0.0.0/8', 'fd00::/8'] })),
    ...{ code: unauthorized, reason: /not for 127\.0\.0\.1/ },
  },
  {
    what: 'a token used faster than its rate',
    hello: async () => used(world, withToken(await world.house.aToken({ usesMax: 9, rate: { uses: 1, ms: hourMs } }))),
    ...{ code: unauthorized, reason: /allows 1\/1h/ },
  },
  {
    what: 'a second token of a launch',
    async hello() {
      await used(world, withToken(await world.house.aToken({ launchKey: 'r-1' })));
      return { joinToken: await world.house.aToken({ launchKey: 'r-1' }) };
    },
    ...{ code: unauthorized, reason: /another agent has enrolled/ },
  },
  { what: 'an empty token', hello: () => withToken(''), code: badMessage, reason: /enrolment/ },
  { what: 'a token with a NUL', hello: () => withToken('pst_\0'), code: badMessage, reason: /enrolment/ },
  { what: 'a token of two words', hello: () => withToken('pst_a\npst_b'), code: badMessage, reason: /enrolment/ },
  { what: 'a huge token', hello: () => withToken('p'.repeat(257)), code: badMessage, reason: /enrolment/ },
  {
    what: 'a credential of no way',
    hello: () => odd({ by: 'gcp', token: 'x' }),
    code: badMessage,
    reason: /enrolment/,
  },
  {
    what: 'a credential that asks for a group',
    hello: () => odd({ by: 'token', token: 'x', group: 'admin' }),
    ...{ code: badMessage, reason: /enrolment/ },
  },
  {
    what: 'a credential of two ways',
    hello: () => odd({ ...world.clouds.aws(), token: 'x' }),
    ...{ code: badMessage, reason: /enrolment/ },
  },
  {
    what: 'a list of credentials',
    hello: () => odd([world.clouds.aws()] as never),
    code: badMessage,
    reason: /enrolment/,
  },
];
