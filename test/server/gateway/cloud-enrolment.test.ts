import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentConfig } from '../../../agent/config.ts';
import { readCredential } from '../../../agent/enrolment/credential.ts';
import { acceptClaimant } from '../../../server/fleet/claimants.ts';
import { trust } from '../../../server/fleet/doubts.ts';
import { imagePushed, linkImage, unlinkImage } from '../../../server/fleet/image-links.ts';
import { openWays } from '../../../server/intake/enrolment/ways.ts';
import { takeSnapshot } from '../../../server/replace/snapshot.ts';
import { readEvents } from '../../../server/store/event-store.ts';
import { findInstance } from '../../../server/store/instance-store.ts';
import { systemClock } from '../../../shared/clock.ts';
import { digestOf } from '../../../shared/digest.ts';
import { CloseCode } from '../../../shared/protocol.ts';
import { aFinding, anImageDigest, aTime } from '../../support/builders.ts';
import { anAmi, anInstanceId, type Clouds, someClouds } from '../../support/clouds.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { aGatewayHouse, type GatewayHouse } from '../../support/gateway-house.ts';
import { aMetadataService } from '../../support/metadata-service.ts';
import { aReport } from '../../support/reports.ts';
import { insertGroup, insertImage } from '../../support/rows.ts';
import { anAgentKey, connectAgent, deliver, type HelloOverrides, sayHello } from '../../support/scripted-agent.ts';

const cloudImage = `aws:eu-central-1:${anAmi}`;
const otherDigest = digestOf('image web@8');
let clouds: Clouds;
let house: GatewayHouse;

beforeEach(async () => {
  clouds = someClouds();
  house = await aGatewayHouse({ ways: await openWays(clouds.config, systemClock) });
  await insertGroup(house.db, { labels: { env: 'prod' } });
  await insertImage(house.db);
});
afterEach(() => house.close());

const link = (image = 'web@7') => linkImage(house.db, { image, cloudImage }, Date.now());
const holesOf = async (id: string) =>
  (await findInstance(house.db, id))?.coverage?.holes.map(({ reason }) => reason) ?? [];
const doubtsOf = async (id: string) => (await findInstance(house.db, id))?.doubts.map(({ kind }) => kind);
const verdictOf = async (id: string) => (await findInstance(house.db, id))?.verdict;
const typesOf = async () => (await readEvents(house.db, { afterId: 0, limit: 500 })).map(({ type }) => type);

async function enrolled(hello: HelloOverrides, key = anAgentKey()) {
  return { ...(await connectAgent(house.url, key, hello)), key };
}

describe('an AWS instance', () => {
  it('is what its document says, of the image that its AMI was linked to', async () => {
    await link();
    const instanceId = anInstanceId();

    const { id, line } = await enrolled({ enrolment: clouds.aws({ instanceId }) });
    await deliver(line, aReport());

    expect(await findInstance(house.db, id)).toMatchObject({
      ...{ group: 'web', labels: { env: 'prod' }, providerId: instanceId, imageDigest: anImageDigest },
      ...{ enrolledBy: 'aws', enrolledWith: 'account 123456789012', startedFrom: cloudImage, verdict: 'in_sync' },
    });
  });

  it.each([
    ['rsa2048', () => clouds.rsa2048()],
    ['signature', () => clouds.aws()],
  ])('enrols with what its agent reads from the metadata service, %s', async (_form, shown) => {
    await link();
    const service = await aMetadataService();
    const { by: _by, ...texts } = shown();
    for (const [name, text] of Object.entries(texts))
      service.texts.set(`/latest/dynamic/instance-identity/${name}`, String(text));
    const config = AgentConfig.parse({ server: house.url, enrol: 'aws', awsMetadata: service.url });

    const read = await readCredential(config, { clock: createFakeClock(), log: pino({ level: 'silent' }) });
    const { id } = await enrolled(read);

    expect(await findInstance(house.db, id)).toMatchObject({ enrolledBy: 'aws', group: 'web' });
    await service.close();
  });

  it('needs no document again, once its key is known', async () => {
    await link();
    const { id, key } = await enrolled({ enrolment: clouds.aws() });

    const again = await enrolled({}, key);

    expect(again.id).toBe(id);
  });

  it('is unverifiable of an AMI that nobody linked, whatever its agent compares with', async () => {
    const { id, line } = await enrolled({ enrolment: clouds.aws() });
    await deliver(line, aReport({ opened: [aFinding()] }));

    expect(await verdictOf(id)).toBe('unverifiable');
    expect(await holesOf(id)).toEqual(['unknown-image', 'other-image']);
    expect(await house.db.selectFrom('finding').select('fingerprint').execute()).toEqual([]);
  });

  it('becomes clean by a sweep once its AMI is linked, and unverifiable again once it is not', async () => {
    const { id, line } = await enrolled({ enrolment: clouds.aws() });
    await deliver(line, aReport());

    await link();
    house.feed.wake();
    const asked = await line.next();
    const linked = await verdictOf(id);
    await deliver(line, aReport({ seq: 2 }));
    const swept = await verdictOf(id);
    await unlinkImage(house.db, cloudImage, Date.now());

    expect(asked).toEqual({ type: 'scan', reason: 'requested' });
    expect([linked, swept, await verdictOf(id)]).toEqual(['unverifiable', 'in_sync', 'unverifiable']);
    expect(await holesOf(id)).toContain('unknown-image');
    expect(await typesOf()).toEqual(expect.arrayContaining(['image.linked', 'image.unlinked']));
  });

  it('keeps its baseline when it claims another', async () => {
    await link();

    const { id, line } = await enrolled({ enrolment: clouds.aws(), image: otherDigest });
    await deliver(line, aReport({ image: otherDigest }));

    expect(await findInstance(house.db, id)).toMatchObject({ imageDigest: anImageDigest, verdict: 'unverifiable' });
  });

  it('is linked to one image at a time', async () => {
    await insertImage(house.db, { digest: otherDigest, version: '8' });
    await link();

    await expect(link('web@8')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(link('web@9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await link()).toMatchObject({ image: 'web@7' });
  });
});

describe('a pod', () => {
  it('is of the group and image of its service account', async () => {
    const { id, line } = await enrolled({ enrolment: clouds.pod() });
    await deliver(line, aReport());

    expect(await findInstance(house.db, id)).toMatchObject({
      ...{ group: 'web', imageDigest: anImageDigest, verdict: 'in_sync', enrolledBy: 'kubernetes' },
      enrolledWith: 'prod/web, pod web-1, node node-1',
    });
  });

  it('is unverifiable while its image is not pushed, and clean by a sweep after that', async () => {
    const early = clouds.payload()['kubernetes.io'] as Record<string, unknown>;
    const claims = {
      'kubernetes.io': { ...early, serviceaccount: { ...(early['serviceaccount'] as object), name: 'early' } },
      sub: 'system:serviceaccount:prod:early',
    };

    const { id, line } = await enrolled({ enrolment: clouds.pod(claims), image: otherDigest });
    const before = await findInstance(house.db, id);
    const image = { name: 'web', version: '8', digest: otherDigest };
    await insertImage(house.db, image);
    await house.db.transaction().execute((tx) => imagePushed(tx, image, aTime));
    await deliver(line, aReport({ image: otherDigest }));

    expect(before).toMatchObject({ startedFrom: 'web@8', verdict: 'unverifiable' });
    expect(await findInstance(house.db, id)).toMatchObject({ imageDigest: otherDigest, verdict: 'in_sync' });
  });
});

describe('two keys that claim one machine', () => {
  const bothOf = async () => {
    await link();
    const enrolment = clouds.aws({ instanceId: anInstanceId() });
    const first = await enrolled({ enrolment });
    await deliver(first.line, aReport());
    const second = await enrolled({ enrolment });
    return { first, second };
  };

  it('are both in doubt: a clean sweep makes neither of them clean', async () => {
    const { first, second } = await bothOf();
    const before = await verdictOf(first.id);

    await deliver(first.line, aReport({ seq: 2 }));
    await deliver(second.line, aReport());

    expect(before).toBe('unverifiable');
    expect([await verdictOf(first.id), await verdictOf(second.id)]).toEqual(['unverifiable', 'unverifiable']);
    expect([await doubtsOf(first.id), await doubtsOf(second.id)]).toEqual([['claimed-twice'], ['claimed-twice']]);
  });

  it('have neither of them replaced, however grave what they report', async () => {
    const { first, second } = await bothOf();
    const opened = [aFinding({ severity: 'critical' })];
    await deliver(first.line, aReport({ seq: 2, opened }));
    await deliver(second.line, aReport({ opened }));

    const sources = {
      db: house.db,
      machines: new Map(),
      isOnline: () => true,
      hasReported: () => true,
      evidenceTtlMs: 3_600_000,
    };
    const { groups } = await takeSnapshot(sources, Date.now());

    const instances = groups.get('web')?.instances ?? [];
    expect(instances.map(({ isInDoubt, content }) => [isInDoubt, content])).toEqual(Array(2).fill([true, 'drifted']));
  });

  it('are told of by an event each and an error', async () => {
    const { first, second } = await bothOf();

    const events = await readEvents(house.db, { afterId: 0, limit: 500 });
    const doubted = events.filter(({ type }) => type === 'instance.doubted');
    expect(doubted.map(({ instanceId, data }) => [instanceId, data['others']])).toEqual([
      [first.id, [second.id]],
      [second.id, [first.id]],
    ]);
    expect(house.logged.some((line) => line.includes('"level":50') && line.includes('two keys claim'))).toBe(true);
  });

  it('are told apart by a person, who lets one go', async () => {
    const { first, second } = await bothOf();
    const asked = { instanceId: first.id, reason: 'the other is a copy', actor: 'admin' };

    await expect(trust(house.db, asked, Date.now())).rejects.toMatchObject({ code: 'CONFLICT' });
    await acceptClaimant(house.db, asked, Date.now());
    house.feed.wake();

    expect(await second.line.next()).toMatchObject({ type: 'closed', code: CloseCode.retired });
    expect([await verdictOf(first.id), await doubtsOf(first.id)]).toEqual(['in_sync', []]);
    await expect(acceptClaimant(house.db, asked, Date.now())).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('are two also when both come at once', async () => {
    await link();
    const enrolment = clouds.aws({ instanceId: anInstanceId() });

    const answers = await Promise.all(
      Array.from({ length: 10 }, () => sayHello(house.url, anAgentKey(), { enrolment })),
    );

    expect(answers.filter(({ answer }) => answer.type === 'welcome')).toHaveLength(2);
    const rows = await house.db.selectFrom('instance').select('id').execute();
    for (const { id } of rows) expect(await doubtsOf(id)).toEqual(['claimed-twice']);
  });
});
