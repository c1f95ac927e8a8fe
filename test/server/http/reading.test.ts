import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeMachine } from '../../../server/store/machine-store.ts';
import { digestOf } from '../../../shared/digest.ts';
import { keyId } from '../../../shared/dsse.ts';
import { anImageDigest, aTime } from '../../support/builders.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { anHttpServer, type HttpServer } from '../../support/http-server.ts';
import { insertFinding, insertGroup, insertImage, insertInstance, insertReplacement } from '../../support/rows.ts';

const hour = 3_600_000;
let server: HttpServer;
const clock = createFakeClock(Date.parse(aTime));

beforeEach(async () => {
  server = await anHttpServer({ clock });
});
afterEach(() => server.close());

describe('lists', () => {
  it('leave retired instances out until they are asked for', async () => {
    await insertInstance(server.db);
    await insertInstance(server.db, { lifecycle: 'retired' });
    const count = async (query: string) => (await server.get(`instances${query}`)).body.items.length;

    expect([
      await count(''),
      await count('?all=true'),
      await count('?lifecycle=retired'),
      await count('?all=false'),
    ]).toEqual([...[1, 2, 1, 1]]);
  });

  it('come in pages that neither repeat nor miss what was there all along', async () => {
    const ids = await Promise.all(Array.from({ length: 7 }, () => insertInstance(server.db)));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { body } = await server.get(`instances?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
      if (seen.length === 3) await insertInstance(server.db, { id: '00000000-0000-7000-8000-000000000000' });
    } while (cursor !== null);

    expect(seen).toEqual(ids.toSorted());
  });

  it('say that there is no next page when the last one is exactly full', async () => {
    await Promise.all(Array.from({ length: 2 }, () => insertInstance(server.db)));

    expect((await server.get('instances?limit=2')).body.nextCursor).toBeNull();
  });

  it.each(['keys', 'images', 'tokens', 'groups', 'policies', 'drifts', 'replacements'])(
    'of %s page too',
    async (list) => {
      await insertOfEach(server);
      const all = (await server.get(list)).body.items;

      const first = await server.get(`${list}?limit=1`);
      const second = await server.get(`${list}?limit=1&cursor=${first.body.nextCursor}`);

      expect(all.length).toBe(2);
      expect([...first.body.items, ...second.body.items]).toEqual(all);
      expect(second.body.nextCursor).toBeNull();
    },
  );
});

describe('machines without an agent', () => {
  it('are listed by group and name, page by page, and no others', async () => {
    const told = [
      ['web', 'i-2', 'absent'],
      ['batch', 'i-9', 'absent'],
      ['web', 'i-1', 'absent'],
      ['web', 'i-3', 'silent'],
      ['web', 'i-4', null],
    ] as const;
    for (const [group_name, provider_id, what] of told)
      await writeMachine(server.db, { group_name, provider_id, zone: null, first_listed_at: aTime, told: what });
    const names = ({ items }: { items: { providerId: string }[] }) => items.map(({ providerId }) => providerId);

    const first = await server.get('absent-machines?limit=2');
    const second = await server.get(`absent-machines?limit=2&cursor=${first.body.nextCursor}`);

    expect([...names(first.body), ...names(second.body)]).toEqual(['i-9', 'i-1', 'i-2']);
    expect(second.body).toMatchObject({ nextCursor: null, items: [{ liveness: 'absent', listedSince: aTime }] });
    expect(names((await server.get('absent-machines?group=batch')).body)).toEqual(['i-9']);
  });
});

describe('findings and drifts', () => {
  it('are one drift however many instances have it', async () => {
    const [one, two, gone] = [
      await insertInstance(server.db),
      await insertInstance(server.db),
      await insertInstance(server.db, { lifecycle: 'retired' }),
    ];
    const fingerprint = await insertFinding(server.db, one);
    await insertFinding(server.db, two, { severity: 'critical', closedAt: aTime });
    await insertFinding(server.db, gone);

    const { body } = await server.get(`drifts/${fingerprint}`);

    expect(body).toMatchObject({ fingerprint, openInstances: 1, totalInstances: 3, severity: 'critical' });
    expect((await server.get('drifts?open=true')).body.items).toEqual([body]);
    expect((await server.get('drifts?open=false')).body.items).toEqual([]);
  });

  it('of an instance are listed by name, open ones on request', async () => {
    const id = await insertInstance(server.db);
    await insertFinding(server.db, id, { name: '/z', closedAt: aTime });
    await insertFinding(server.db, id, { name: '/a\\x1b[2J<script>' });

    const all = (await server.get(`instances/${id}/findings`)).body.items;
    const open = (await server.get(`instances/${id}/findings?open=true`)).body.items;

    expect(all.map(({ name }: { name: string }) => name)).toEqual(['/a\\x1b[2J<script>', '/z']);
    expect(open).toEqual([all[0]]);
    expect((await server.get(`instances/${id}`)).body.openFindings).toBe(1);
  });
});

describe('a group', () => {
  it('counts its instances by what holds now', async () => {
    await insertGroup(server.db);
    const finished = { scan_finished_at: new Date(clock.now()).toISOString() };
    await insertInstance(server.db, finished);
    await insertInstance(server.db, { ...finished, verdict: 'drifted', taint_at: aTime, taint_severity: 'low' });
    await insertInstance(server.db, { scan_finished_at: '2020-01-01T00:00:00.000Z' });
    await insertInstance(server.db, { lifecycle: 'retired' });
    await insertInstance(server.db, { group_name: 'other' });

    const { body } = await server.get('groups/web');

    expect(body).toMatchObject({
      size: 3,
      content: { in_sync: 1, drifted: 1, unverifiable: 1 },
      tainted: 1,
      replacing: 0,
      breaker: null,
      version: 1,
    });
  });

  it('has one place for the old and the new instance of a replacement', async () => {
    await insertGroup(server.db);
    const old = await insertInstance(server.db, { lifecycle: 'replacing' });
    await insertInstance(server.db);
    const id = await insertReplacement(server.db, { old_instance_id: old, state: 'verifying' });
    await insertInstance(server.db, { launch_key: `r-${id}` });
    const during = (await server.get('groups/web')).body;
    await server.db.updateTable('replacement').set({ state: 'succeeded' }).execute();
    await server.db.updateTable('instance').set({ lifecycle: 'retired' }).where('id', '=', old).execute();
    const after = (await server.get('groups/web')).body;

    expect([during.size, during.replacing, after.size, after.replacing]).toEqual([2, 1, 2, 0]);
  });

  it('shows its plan and launches, as the controller says', async () => {
    await insertGroup(server.db);

    expect((await server.get('groups/web/plan')).body).toMatchObject({ commands: [], blocked: [] });
    expect((await server.post('groups/web/launch', { count: 2, key: 'k' })).body).toEqual({
      providerIds: ['k-0', 'k-1'],
    });
  });
});

describe('a replacement', () => {
  it('shows its steps, and its proof once there is one', async () => {
    await insertImage(server.db);
    const id = await insertReplacement(server.db, { state: 'proving' });
    for (const n of [2, 1]) {
      const step = { replacement_id: id, n, state: n === 1 ? 'reserved' : 'launching', detail: `step ${n}`, at: aTime };
      await server.db.insertInto('replacement_step').values(step).execute();
    }
    const before = await server.get(`replacements/${id}/proof`);
    const proof = { payload: 'e30=', payloadType: 'x', signatures: [{ keyid: 'k', sig: 'AAAA' }] };
    await server.db
      .updateTable('replacement')
      .set({ proof: JSON.stringify(proof), state: 'succeeded' })
      .execute();

    const { body } = await server.get(`replacements/${id}`);

    expect(body).toMatchObject({ id, state: 'succeeded', target: { name: 'web', version: '7' }, proof });
    expect(body.steps.map(({ detail }: { detail: string }) => detail)).toEqual(['step 1', 'step 2']);
    expect([before.status, before.body.code]).toEqual([404, 'NOT_FOUND']);
    expect((await server.get(`replacements/${id}/proof`)).body).toEqual(proof);
    expect((await server.get('replacements?active=true')).body.items).toEqual([]);
    expect((await server.get('replacements?group=web&active=false')).body.items).toHaveLength(1);
  });

  it('is checked with the key that the server gives out', async () => {
    const { status, body, headers } = await server.get('proof-key');

    expect([status, body]).toEqual([200, 'PEM of the proof key']);
    expect(headers.get('content-type')).toContain('text/plain');
  });
});

describe('keys and tokens', () => {
  it('trusts a key under the digest of its bytes, once', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();

    const first = await server.post('keys', { name: 'build', pem });
    await server.post('keys', { name: 'build', pem });

    expect(first.body).toMatchObject({ id: keyId(publicKey), name: 'build', pem });
    expect((await server.get('keys')).body.items).toEqual([first.body]);
  });

  it('shows the secret of a token once', async () => {
    await insertGroup(server.db);
    await insertImage(server.db);

    const { status, body } = await server.post('tokens', { group: 'web', image: 'web@7', labels: { zone: 'a' } });

    expect(status).toBe(200);
    expect(body).toMatchObject({
      group: 'web',
      imageDigest: anImageDigest,
      uses: 0,
      usesMax: 1,
      labels: { zone: 'a' },
    });
    expect(Date.parse(body.expiresAt) - Date.parse(body.createdAt)).toBe(hour);
    const listed = await server.get('tokens');
    expect(listed.body.items).toHaveLength(1);
    expect(JSON.stringify(listed.body)).not.toContain(body.token);
  });
});

async function insertOfEach({ db, post }: HttpServer): Promise<void> {
  for (const name of ['a', 'b']) {
    await insertGroup(db, { name });
    await insertImage(db, { digest: digestOf(name), version: name });
    await post('apply', { kind: 'Policy', name, select: {} });
    await post('tokens', { group: name, image: `web@${name}` });
    const { publicKey } = generateKeyPairSync('ed25519');
    await post('keys', { name, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() });
    await insertReplacement(db, { old_instance_id: `old-${name}` });
    await insertFinding(db, await insertInstance(db), { name: `/${name}` });
  }
}
