import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlaces } from '../../server/provider/local/place.ts';
import { createLocalProvider } from '../../server/provider/local.ts';
import type { Instance } from '../../shared/api.ts';
import type { Look } from '../../shared/api-looks.ts';
import { Group } from '../../shared/policy.ts';
import { houseDir } from '../support/house.ts';
import { bakeSigned, keygen } from '../support/pristine-cli.ts';
import { type Attack, aFolderOf, attacks, type Victim } from '../support/red-team.ts';
import { type Scratch, scratch } from '../support/scratch.ts';
import { aServer, runCtl } from '../support/server-process.ts';
import { until } from '../support/until.ts';

let place: Scratch;
let server: Awaited<ReturnType<typeof aServer>>;
let group: Group;
let imageRoot: string;

/** One instance for each attack, all clean. */
beforeAll(async () => {
  place = scratch();
  // Who is asked about what was not told, and says nothing, has no six hours here.
  server = await aServer({ lookAnswerWithin: '20s' });
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
    ['groups', 'launch', 'web', '--count', `${attacks.length}`, '--key', 'all'],
  ]) {
    const { code, stderr } = await runCtl(server, ...args);
    if (code !== 0) throw new Error(`pristinectl ${args.join(' ')}: ${stderr}`);
  }
  await until(async () => {
    const all = await instances();
    return all.length === attacks.length && all.every(isClean);
  });
}, 120_000);

afterAll(async () => {
  const provider = createLocalProvider();
  for (const { providerId } of await provider.list(group)) await provider.terminate(group, providerId);
  await server.stop();
  place.remove();
});

async function api<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = { authorization: `Bearer ${server.token}` };
  return (await fetch(`${server.url}/api/v1/${path}`, { headers, ...init })).json() as Promise<T>;
}
const instances = async () => (await api<{ items: Instance[] }>('instances?limit=100')).items;
const isClean = ({ content, liveness }: Instance) => content === 'in_sync' && liveness === 'online';

async function victimOf({ providerId, imageDigest }: Instance): Promise<Victim> {
  const own = createPlaces(join(place.dir, 'instances')).ofId(providerId!);
  return { place: own, imageDigest, imageRoot, folder: aFolderOf(own) };
}

/** What the server says once the agent has looked at everything again, as it is asked to, or has fallen silent. */
async function seenBySoftware(id: string, since: string): Promise<string> {
  for (;;) {
    const instance = await api<Instance>(`instances/${id}`);
    const { content, liveness, evidence, doubts } = instance;
    if (doubts.length > 0) return `caught: in doubt, ${doubts[0]!.kind}`;
    if (content !== 'in_sync') return `caught: ${content}`;
    if (liveness !== 'online') return `caught: ${liveness}`;
    if (evidence !== null && evidence.startedAt > since) return 'not caught';
    await api(`instances/${id}/scan`, { method: 'POST' });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
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

/** PRISTINE_WRITE_SECURITY=1 writes it down; otherwise the page must say it already. */
function tableOf(rows: ReadonlyMap<string, readonly string[]>): string {
  const lines = attacks.map(({ name }) => `| ${name} | ${(rows.get(name) ?? ['not tried']).join(' | ')} |`);
  return ['| root also | software | outside look |', '| --- | --- | --- |', ...lines, ''].join('\n');
}

describe('root on an instance who changes a file', () => {
  const rows = new Map<string, readonly string[]>();

  it.concurrent.for(attacks.map((attack, index) => ({ ...attack, index })))(
    '$name',
    { timeout: 300_000 },
    async ({ name, run, index }: Attack & { readonly index: number }) => {
      const instance = (await instances())[index]!;
      await run(await victimOf(instance));
      const since = new Date().toISOString();

      const bySoftware = await seenBySoftware(instance.id, since);
      const fromOutside = bySoftware === 'not caught' ? await seenFromOutside(instance.id) : 'needs none';

      rows.set(name, [bySoftware, fromOutside]);
      expect(['caught', 'needs none'], name).toContain(fromOutside);
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
