import { createPublicKey } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { linkImage } from '../../server/fleet/image-links.ts';
import { applyReport } from '../../server/intake/apply-report.ts';
import { enrol } from '../../server/intake/enrol.ts';
import { attemptLimits, createAttempts } from '../../server/intake/enrolment/attempts.ts';
import type { EnrolmentWay } from '../../server/intake/enrolment/way.ts';
import { openWays } from '../../server/intake/enrolment/ways.ts';
import { proveHello } from '../../server/intake/hello.ts';
import { joinMachine } from '../../server/replace/launch.ts';
import { launchKeyOf } from '../../server/replace/launch-key.ts';
import { readGroup } from '../../server/store/group-store.ts';
import { findInstance } from '../../server/store/instance-store.ts';
import { createToken } from '../../server/store/token-store.ts';
import { findReplacement } from '../../server/store/views/replacements-view.ts';
import { timestamp } from '../../shared/clock.ts';
import type { Credential } from '../../shared/enrolment.ts';
import { verifyProof } from '../../shared/proof.ts';
import { anImageDigest } from '../support/builders.ts';
import { anAmi, anInstanceId, type Clouds, someClouds } from '../support/clouds.ts';
import { aReplacementWorld, newMachineOf, type ReplacementWorld, signer } from '../support/replacement-world.ts';
import { aReport } from '../support/reports.ts';
import { aHello, anAgentKey } from '../support/scripted-agent.ts';

let world: ReplacementWorld;
let clouds: Clouds;
let ways: EnrolmentWay;
const log = { info() {}, warn() {}, error() {} };

/** Machines are called as AWS calls them, and their agents have no token. */
beforeEach(async () => {
  world = await aReplacementWorld();
  world.agents = 'silent';
  world.provider.nameOf = anInstanceId;
  clouds = someClouds({ now: world.clock.now() });
  ways = await openWays(clouds.config, world.clock);
  await linkImage(world.db, { image: 'web@7', cloudImage: `aws:eu-central-1:${anAmi}` }, world.clock.now());
  await world.taint(world.instances[0]!);
});

async function enrolled(enrolment: Credential): Promise<string> {
  const desk = { db: world.db, log, ways, attempts: createAttempts(world.clock, attemptLimits) };
  const visit = { now: world.clock.now(), peer: '10.0.0.7' };
  const answer = await enrol(desk, proveHello(aHello(anAgentKey(), 'nonce', { enrolment }), 'nonce'), visit);
  if (answer.kind !== 'enrolled') throw new Error(`expected an instance, got ${JSON.stringify(answer)}`);
  return answer.instance.id;
}

async function tellsSweep(id: string): Promise<void> {
  const now = world.clock.now();
  const at = { startedAt: timestamp(now), finishedAt: timestamp(now) };
  await applyReport({ db: world.db, now, evidenceTtlMs: 3 * 3_600_000 }, id, aReport({ ...at, image: anImageDigest }));
}

const replacement = async () => (await world.replacements())[0];
const isIn = (state: string) => async () => (await replacement())?.state === state;
const machine = async () => newMachineOf(world.provider, (await replacement())!.id)!;

describe('a replacement whose new machine enrols through AWS', () => {
  it('comes to its end, with a proof, by the id of the machine', async () => {
    const controller = world.control();
    await world.until(controller, isIn('verifying'));

    const id = await enrolled(clouds.rsa2048({ instanceId: (await machine()).providerId }));
    await tellsSweep(id);
    await world.until(controller, isIn('succeeded'));

    const view = await findReplacement(world.db, (await replacement())!.id);
    const { predicate } = verifyProof(view!.proof!, [createPublicKey(signer.publicPem)]);
    expect(predicate.new).toMatchObject({ instanceId: id, providerId: (await machine()).providerId });
    expect(await findInstance(world.db, world.instances[0]!)).toMatchObject({ lifecycle: 'retired' });
  });

  it('comes to its end also when its agent is faster than the answer of its launch', async () => {
    const [asked, launched] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    world.provider.faultOf = (call) => {
      if (call !== 'launch') return undefined;
      asked.resolve();
      return launched.promise;
    };
    const instanceId = anInstanceId();
    world.provider.nameOf = () => instanceId;
    const controller = world.control();
    const tick = controller.tick();
    await asked.promise;

    const id = await enrolled(clouds.rsa2048({ instanceId }));
    const before = await findInstance(world.db, id);
    launched.resolve();
    await tick;
    await tellsSweep(id);
    await world.until(controller, isIn('succeeded'));

    expect(before).toMatchObject({ launchKey: null, providerId: instanceId });
    expect(await findInstance(world.db, id)).toMatchObject({ launchKey: `r-${(await replacement())!.id}` });
  });

  it('is rolled back with what enrolled as it, when that is of another image', async () => {
    const controller = world.control();
    await world.until(controller, isIn('verifying'));
    const { providerId: instanceId } = await machine();

    const id = await enrolled(clouds.rsa2048({ instanceId, imageId: 'ami-00000000000000000' }));
    await tellsSweep(id);
    await world.until(controller, isIn('failed'));

    expect((await replacement())?.error).toContain('of another image');
    expect(await findInstance(world.db, id)).toMatchObject({ lifecycle: 'retired' });
    expect(world.provider.machines.has(instanceId)).toBe(false);
  });

  it('proves nothing by a machine of which it is not told that it was launched for it', async () => {
    const controller = world.control();
    await world.until(controller, isIn('verifying'));

    const id = await enrolled(clouds.rsa2048());
    await tellsSweep(id);
    await world.until(controller, isIn('failed'));

    expect((await replacement())?.error).toContain('its agent has not enrolled');
    expect(await findInstance(world.db, id)).toMatchObject({ lifecycle: 'active', launchKey: null });
  });

  it('takes with it who enrols from a machine that its launch made after it had failed', async () => {
    const controller = world.control();
    await world.until(controller, isIn('failed'));
    const stored = await readGroup(world.db, 'web');
    const key = launchKeyOf((await replacement())!.id);
    const asked = { image: 'web@7', key, serverUrl: 'ws://127.0.0.1:7420', joinToken: 'none' };
    const { providerId: instanceId } = await world.provider.launch({ group: stored!.group, ...asked });

    const id = await enrolled(clouds.rsa2048({ instanceId }));
    await controller.tick();

    expect(world.provider.machines.has(instanceId)).toBe(false);
    expect(await findInstance(world.db, id)).toMatchObject({ lifecycle: 'retired' });
  });

  it('has nobody proven while two claim to be its machine', async () => {
    const controller = world.control();
    await world.until(controller, isIn('verifying'));
    const { providerId: instanceId } = await machine();

    const claimants = [await enrolled(clouds.rsa2048({ instanceId })), await enrolled(clouds.rsa2048({ instanceId }))];
    for (const id of claimants) await tellsSweep(id);
    await world.until(controller, isIn('failed'));

    for (const id of claimants) expect(await findInstance(world.db, id)).toMatchObject({ lifecycle: 'retired' });
  });
});

it('two who came in by a token and by a document are in doubt once the launch says that they are one machine', async () => {
  const now = world.clock.now();
  const launched = { launchKey: 'l-first-0.web', providerId: anInstanceId(), group: 'web' };
  const granted = { group: 'web', imageDigest: anImageDigest, labels: {}, usesMax: 1, expiresInMs: 60_000 };
  const { token } = await createToken(world.db, { ...granted, launchKey: launched.launchKey }, now);
  const byToken = await enrolled({ by: 'token', token });
  const byDocument = await enrolled(clouds.rsa2048({ instanceId: launched.providerId }));

  await world.db.transaction().execute((tx) => joinMachine(tx, launched, now));

  for (const id of [byToken, byDocument])
    expect(await findInstance(world.db, id)).toMatchObject({ doubts: [{ kind: 'claimed-twice' }] });
});
