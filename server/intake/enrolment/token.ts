import { timestamp } from '../../../shared/clock.ts';
import type { TokenCredential } from '../../../shared/enrolment.ts';
import { CodedError } from '../../../shared/errors.ts';
import { formatRate } from '../../../shared/rate.ts';
import type { Db } from '../../store/database.ts';
import { countEnrolledWith, findInstanceByLaunch } from '../../store/instance-store.ts';
import { findSpentToken, noteMisuse, redeemToken, type TokenGrant } from '../../store/token-store.ts';
import { isWithin } from './peer.ts';
import type { Denial, EnrolmentWay, Grant, Visit } from './way.ts';

const makeAnother = 'make one with `pristinectl tokens create`';
const sentences = {
  expired: `the join token has expired: ${makeAnother}`,
  revoked: `the join token was revoked: ${makeAnother}`,
  'used-up': `the join token is used up: ${makeAnother}, and find out who used it`,
} as const;

/** A secret that this server has given out. All of it is in the database, so that nothing is to be proven before. */
export const tokenWay: EnrolmentWay<TokenCredential> = {
  prove:
    async ({ token }, visit) =>
    (tx) =>
      redeem(tx, token, visit),
};

async function redeem(tx: Db, secret: string, visit: Visit): Promise<Grant | Denial> {
  const grant = await redeemToken(tx, secret, visit.now);
  if (grant === undefined) return deny(tx, secret, visit);
  await refuseAbuse(tx, grant, visit);
  const { tokenId, group, imageDigest, labels, launchKey, providerId } = grant;
  return {
    ...{ by: 'token', with: tokenId, group, labels, launchKey, providerId },
    ...{ imageDigest, startedFrom: null, isMachineVouched: false },
  };
}

/** What is thrown here undoes the use. */
async function refuseAbuse(tx: Db, { tokenId, launchKey, rate, cidrs }: TokenGrant, visit: Visit): Promise<void> {
  if (cidrs !== null && !isWithin(visit.peer, cidrs))
    throw new CodedError('FORBIDDEN', `the join token is not for ${visit.peer}: its networks are in \`tokens list\``);
  if (rate !== null) {
    const recent = await countEnrolledWith(tx, tokenId, timestamp(visit.now - rate.ms));
    if (recent >= rate.uses)
      throw new CodedError('FORBIDDEN', `the join token allows ${formatRate(rate)}: wait, or make one with more`);
  }
  // A launch that was asked for twice has two tokens and one machine.
  if (launchKey !== null && (await findInstanceByLaunch(tx, launchKey)) !== undefined)
    throw new CodedError('FORBIDDEN', 'another agent has enrolled for this launch: is this machine a copy?');
}

async function deny(tx: Db, secret: string, { peer, now }: Visit): Promise<Denial> {
  const spent = await findSpentToken(tx, secret, now);
  if (spent === undefined) return { denied: `the join token is unknown: ${makeAnother}` };
  const denied = sentences[spent.why];
  if (spent.why === 'expired') return { denied };
  const isTold = await noteMisuse(tx, spent, peer, now);
  return isTold ? { denied, told: { token: spent.tokenId, group: spent.group, why: spent.why, peer } } : { denied };
}
