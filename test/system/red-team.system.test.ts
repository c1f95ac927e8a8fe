import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlaces } from '../../server/provider/local/place.ts';
import { createLocalProvider } from '../../server/provider/local.ts';
import type { Instance, InstanceFinding } from '../../shared/api.ts';
import type { Look } from '../../shared/api-looks.ts';
import { durationMs } from '../../shared/duration.ts';
import { Group } from '../../shared/policy.ts';
import { anAmi } from '../support/clouds.ts';
import { houseDir } from '../support/house.ts';
import { bakeSigned, keygen } from '../support/pristine-cli.ts';
import { type Attack, attacks } from '../support/red-team.ts';
import { aTestCloud, type TestCloud } from '../support/red-team-cloud.ts';
import { aFolderOf, type Victim } from '../support/red-team-victim.ts';
import { type Scratch, scratch } from '../support/scratch.ts';
import { aServer, runCtl } from '../support/server-process.ts';
import { until } from '../support/until.ts';

let place: Scratch;
let server: Awaited<ReturnType<typeof aServer>>;
let group: Group;
let imageRoot: string;
let cloud: TestCloud;
let began: string;

const ofIdentity = attacks.filter(({ isOfIdentity }) => isOfIdentity);
/** Longer than silence takes to be seen, which is to be told from evidence that has expired. */
const evidenceTtl = '2m';

/** One instance for each attack at each level where it is tried. */
beforeAll(async () => {
  place = scratch();
  cloud = await aTestCloud(join(place.dir, 'cloud'), ofIdentity.length);
  // Who is asked about what was not told, and says nothing, has no six hours here.
  server = await aServer({ lookAnswerWithin: '20s', evidenceTtl, enrolment: cloud.enrolment });
  imageRoot = place.folder('image');
  for (const folder of ['etc', 'usr/bin', 'tmp']) mkdirSync(join(imageRoot, folder), { recursive: true });
  writeFileSync(join(imageRoot, 'etc/motd'), 'baked\n');
  writeFileSync(join(imageRoot, 'usr/bin/tool'), 'tool', { mode: 0o755 });
  const keys = await keygen(join(place.dir, 'image-key'));
  const manifest = join(place.dir, 'manifest');
  await bakeSigned({ root: imageRoot, out: manifest, key: keys.key });
  group = Group.parse({
    ...{ kind: 'Group', name: 'web', images: { stable: 'web@1' } },
    provider: {
      ...{ type: 'local', directory: join(place.dir, 'instances'), ownerPid: process.pid },
      images: { 'web@1': { root: imageRoot, manifest, pub: keys.pub } },
    },
  });
  const file = join(place.dir, 'group.yaml');
  writeFileSync(file, JSON.stringify(group));
  for (const args of [
    ['keys', 'trust', keys.pub],
    ['images', 'push', manifest],
    ['apply', '-f', file],
    ['images', 'link', 'web@1', `aws:eu-central-1:${anAmi}`],
    ['groups', 'launch', 'web', '--count', `${attacks.length}`, '--key', 'all'],
  ]) {
    const { code, stderr } = await runCtl(server, ...args);
    if (code !== 0) throw new Error(`pristinectl ${args.join(' ')}: ${stderr}`);
  }
  await until(async () => (await instances()).length === attacks.length);
  const [first] = await instances();
  await cloud.start(imageRoot, placeOf(first!));
  await until(async () => {
    const all = await instances();
    return all.length === attacks.length + ofIdentity.length && all.every(({ evidence }) => evidence !== null);
  });
  began = new Date().toISOString();
}, 300_000);

afterAll(async () => {
  const provider = createLocalProvider();
  for (const { providerId } of await provider.list(group)) await provider.terminate(group, providerId);
  await cloud.stop();
  await server.stop();
  place.remove();
});

async function api<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = { authorization: `Bearer ${server.token}` };
  return (await fetch(`${server.url}/api/v1/${path}`, { headers, ...init })).json() as Promise<T>;
}
const instances = async () => (await api<{ items: Instance[] }>('instances?limit=100')).items;
/** Those that the test began with: an attack may enrol more. */
const instancesBy = async (way: Instance['enrolledBy']) =>
  (await instances()).filter(({ enrolledBy, enrolledAt }) => enrolledBy === way && enrolledAt < began);
const isClean = ({ content, liveness }: Instance) => content === 'in_sync' && liveness === 'online';

function placeOf({ enrolledBy, providerId }: Instance): Victim['place'] {
  if (enrolledBy === 'aws') return cloud.placeOf(providerId!);
  return createPlaces(join(place.dir, 'instances')).ofId(providerId!);
}

function victimOf(instance: Instance): Victim {
  const own = placeOf(instance);
  return { place: own, imageDigest: instance.imageDigest, imageRoot, folder: aFolderOf(own) };
}

/** By a sweep of just now: nothing is to be caught because nobody has looked for a while. */
async function freshlyClean(id: string): Promise<Instance> {
  const since = new Date().toISOString();
  for (;;) {
    const instance = await api<Instance>(`instances/${id}`);
    if (isClean(instance) && (instance.evidence?.startedAt ?? '') > since) return instance;
    await askForScan(id);
  }
}

async function askForScan(id: string): Promise<void> {
  await api(`instances/${id}/scan`, { method: 'POST' });
  await new Promise((resolve) => setTimeout(resolve, 500));
}

/**
 * What the server says once the agent has looked at everything again, as it is asked to, or has fallen silent, or nothing that
 * it could go by has come for so long that its evidence is over.
 */
async function seenByServer(id: string, since: string): Promise<string> {
  for (;;) {
    const { content, liveness, evidence, doubts } = await api<Instance>(`instances/${id}`);
    const hasLooked = evidence !== null && evidence.startedAt > since;
    if (doubts.length > 0) return `caught: in doubt, ${doubts[0]!.kind}`;
    if (content === 'unverifiable')
      return hasLooked || !isExpired(evidence) ? 'caught: unverifiable' : 'caught: expired';
    if (content === 'drifted' && hasLooked) return `caught: drifted, ${await findingsOf(id)}`;
    if (liveness !== 'online') return `caught: ${liveness}`;
    if (content === 'in_sync' && hasLooked) return 'not caught';
    await askForScan(id);
  }
}

const isExpired = (evidence: Instance['evidence']) =>
  evidence !== null && Date.parse(evidence.finishedAt) + durationMs(evidenceTtl) <= Date.now();

/** By what it is known, so that a row is not caught by something else than what it is about. */
async function findingsOf(id: string): Promise<string> {
  const { items } = await api<{ items: InstanceFinding[] }>(`instances/${id}/findings?open=true`);
  return items.map(({ name }) => `\`${name}\``).join(', ');
}

/** What the server sees of the disk itself, and of whether it was told. */
async function seenFromOutside(id: string): Promise<string> {
  const { id: look } = await api<Look>(`instances/${id}/looks`, { method: 'POST' });
  for (;;) {
    const { state, outcome } = await api<Look>(`looks/${look}`);
    if (state === 'ended') return outcome === 'differs' ? 'caught' : `not caught: ${outcome}`;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const page = join(houseDir, 'SECURITY.md');
const [begin, end] = ['<!-- red team -->\n', '<!-- /red team -->'];

/** What each attack came to, at each level where it was tried. */
type Seen = Readonly<Record<'software' | 'cloud' | 'outside', string>>;
const notTried = { cloud: '—', outside: 'not tried' };

/** PRISTINE_WRITE_SECURITY=1 writes it down; otherwise the page must say it already. */
function tableOf(rows: ReadonlyMap<string, Partial<Seen>>): string {
  const lines = attacks.map(({ name }) => {
    const { software, cloud: byCloud, outside } = { software: 'not tried', ...notTried, ...rows.get(name) };
    return `| ${name} | ${software} | ${byCloud} | ${outside} |`;
  });
  return ['| root also | software | cloud identity | outside look |', '| --- | --- | --- | --- |', ...lines, ''].join(
    '\n',
  );
}

describe('root on an instance who changes a file', () => {
  const rows = new Map<string, Partial<Seen>>();
  const note = (name: string, seen: Partial<Seen>) => rows.set(name, { ...rows.get(name), ...seen });

  async function attacked({ run }: Attack, instance: Instance): Promise<string> {
    const clean = await freshlyClean(instance.id);
    await run(victimOf(clean));
    return seenByServer(clean.id, new Date().toISOString());
  }

  it.concurrent.for(attacks.map((attack, index) => ({ ...attack, index })))(
    '$name',
    { timeout: 300_000 },
    async (attack: Attack & { readonly index: number }) => {
      const instance = (await instancesBy('token'))[attack.index]!;

      const software = await attacked(attack, instance);
      const outside = software === 'not caught' ? await seenFromOutside(instance.id) : undefined;

      note(attack.name, { software, ...(outside !== undefined && { outside }) });
      expect(['caught', undefined], attack.name).toContain(outside);
    },
  );

  it.concurrent.for(ofIdentity.map((attack, index) => ({ ...attack, index })))(
    'of which a cloud has said which machine it is: $name',
    { timeout: 300_000 },
    async (attack: Attack & { readonly index: number }) => {
      const instance = (await instancesBy('aws'))[attack.index]!;

      note(attack.name, { cloud: await attacked(attack, instance) });
    },
  );

  it('is caught as SECURITY.md says', () => {
    const before = readFileSync(page, 'utf8');
    const [head, rest] = before.split(begin) as [string, string];
    const after = `${head}${begin}${tableOf(rows)}${rest.slice(rest.indexOf(end))}`;
    if (process.env['PRISTINE_WRITE_SECURITY'] === '1') writeFileSync(page, after);

    expect(after).toBe(readFileSync(page, 'utf8'));
  });
});
