import type { LaunchInstances } from '../../shared/api.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { Image } from '../../shared/image.ts';
import { type ImageRef, imageRef, parseImageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import { contestMachine } from '../fleet/claimants.ts';
import { holdSentence } from '../fleet/hold.ts';
import type { Machine } from '../provider/provider.ts';
import type { Db } from '../store/database.ts';
import { readGroup } from '../store/group-store.ts';
import { readHolds } from '../store/hold-store.ts';
import { findImageByRef } from '../store/image-store.ts';
import {
  bindMachine,
  dropLaunch,
  intendLaunches,
  type LaunchedMachine,
  launchDone,
  openLaunches,
} from '../store/launch-store.ts';
import { createToken } from '../store/token-store.ts';
import { callProvider } from './call-provider.ts';
import type { House } from './house.ts';
import { askPreflight, namedIn } from './preflight.ts';
import { lackOf, targetOf } from './target.ts';

const tokenMsMax = 3_600_000;
/** At once, of one request: each makes a root and starts an agent. */
const launchesAtOnceMax = 4;

export type LaunchHouse = Pick<House, 'db' | 'clock' | 'log' | 'providers' | 'serverUrl'>;

/**
 * One machine of an image, tied to its launch key. Asked again with the same key, the provider finds the machine, whose
 * agent may hold the token of any time it was asked: all of them are good, and only one of them enrols.
 */
export async function launchMachine(
  { db, clock, providers, serverUrl }: LaunchHouse,
  { group, image, key }: { readonly group: Group; readonly image: Image; readonly key: string },
): Promise<Machine> {
  const granted = { group: group.name, imageDigest: image.digest, labels: group.labels, usesMax: 1, launchKey: key };
  const { token: joinToken } = await db
    .transaction()
    .execute((tx) => createToken(tx, { ...granted, expiresInMs: tokenMsMax }, clock.now()));
  const request = { group, image: imageRef(image), key, serverUrl: serverUrl(), joinToken };
  const machine = await callProvider(clock, 'launch', () => providers(group).launch(request));
  if (machine.launchKey !== key)
    throw new CodedError(
      'CONFLICT',
      `expected a machine of launch ${key}, and the provider answered with ${machine.providerId}`,
    );
  const launched = { launchKey: key, providerId: machine.providerId, group: group.name };
  await db.transaction().execute((tx) => joinMachine(tx, launched, clock.now()));
  return machine;
}

/** Ties the machine to its launch, and with it whoever has enrolled as that machine already. */
export async function joinMachine(tx: Db, launched: LaunchedMachine, now: number): Promise<void> {
  await bindMachine(tx, launched);
  await contestMachine(tx, launched.providerId, now);
}

/**
 * What a person asks for: `count` machines of the group's stable image. The key makes it idempotent: machine `i` of a key
 * is launched once, however often it is asked for. Errors: NOT_FOUND, CONFLICT while everything is stopped, CONFLICT without a target
 * or where the template launches another image, and the provider's.
 */
export async function launchInstances(
  house: LaunchHouse,
  groupName: string,
  { count, key }: LaunchInstances,
  actor: string,
): Promise<{ readonly providerIds: readonly string[] }> {
  const { group, image } = await readTarget(house, groupName);
  // No key of a request has a dot, so key, number and group cannot be read in two ways.
  const keys = Array.from({ length: count }, (_, index) => `l-${key}-${index}.${groupName}`);
  await refuseStopped(house);
  const asked = { group: groupName, image: imageRef(image), key, count, actor };
  const rows = await intendLaunches(house.db, keys, asked, house.clock.now());
  const done = new Map(rows.map((row) => [row.key, row.provider_id]));
  const open = keys.filter((each) => done.get(each) === null);
  const workers = Array.from({ length: launchesAtOnceMax }, async () => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) {
      done.set(next, await finishLaunch(house, group, image, next));
    }
  });
  const failed = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected');
  if (failed) {
    await dropIfHopeless(house, keys, failed.reason);
    throw failed.reason;
  }
  return { providerIds: keys.flatMap((each) => done.get(each) ?? []) };
}

async function finishLaunch(house: LaunchHouse, group: Group, image: Image, key: string): Promise<string> {
  await refuseStopped(house);
  const { providerId } = await launchMachine(house, { group, image, key });
  await house.db.transaction().execute((tx) => launchDone(tx, key, providerId));
  return providerId;
}

/** Whoever stops everything may not trust us any more. What was asked for stays so, and goes on when it is asked again. Errors: CONFLICT. */
async function refuseStopped({ db, clock }: LaunchHouse): Promise<void> {
  const stop = (await readHolds(db, clock.now())).find(({ scope }) => scope === 'all');
  if (stop !== undefined) throw new CodedError('CONFLICT', `nothing is launched: ${holdSentence(stop)}`);
}

/** What no retry mends must not be launched one day, when nobody thinks of it any more. */
async function dropIfHopeless({ db }: LaunchHouse, keys: readonly string[], error: unknown): Promise<void> {
  if (!(error instanceof CodedError) || error.code !== 'CONFIG') return;
  for (const key of keys) await dropLaunch(db, key);
}

/** At the start of a server that leads: finishes what was asked for before it, or another one, ended. */
export async function resumeLaunches(house: LaunchHouse): Promise<void> {
  for (const { key, group_name } of await openLaunches(house.db)) {
    try {
      const { group, image } = await readTarget(house, group_name);
      await finishLaunch(house, group, image, key);
    } catch (error) {
      await dropIfHopeless(house, [key], error);
      house.log.warn({ key, group: group_name, error: sentenceOf(error) }, 'replace: a launch could not be finished');
    }
  }
}

/** Errors: NOT_FOUND, CONFLICT, CONFIG where the provider would launch nothing, and what else it says. */
async function readTarget(
  house: LaunchHouse,
  groupName: string,
): Promise<{ readonly group: Group; readonly image: Image }> {
  const stored = await readGroup(house.db, groupName);
  if (stored === undefined) throw new CodedError('NOT_FOUND', `no group ${groupName}`);
  const { group } = stored;
  const images = new Map<ImageRef, Image>();
  for (const ref of new Set(Object.values(group.images))) {
    const parsed = parseImageRef(ref);
    const image = parsed && (await findImageByRef(house.db, parsed));
    if (image) images.set(ref, image);
  }
  const asked = namedIn(group, group.images['stable'] ?? '');
  const answer = asked === '' ? undefined : await askPreflight(house, group, asked);
  const target = targetOf({ group, images, preflights: new Map(answer && [[asked, answer]]) });
  const lack = lackOf(target);
  if (lack === undefined && 'image' in target) return { group, image: target.image };
  const code = answer !== undefined && 'refused' in answer ? 'CONFIG' : 'CONFLICT';
  throw new CodedError(code, `nothing to launch from: ${lack?.message}`);
}
