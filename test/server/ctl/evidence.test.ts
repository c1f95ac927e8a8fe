import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeMachine } from '../../../server/store/machine-store.ts';
import { CodedError } from '../../../shared/errors.ts';
import { aTime } from '../../support/builders.ts';
import { anHttpServer, aToken, type HttpServer } from '../../support/http-server.ts';
import { insertGroup, insertInstance, insertReplacement } from '../../support/rows.ts';
import { runCtl } from '../../support/server-process.ts';

let server: HttpServer;
let said: { readonly act: string; readonly id: string; readonly reason: string; readonly actor: string }[];

beforeEach(async () => {
  said = [];
  server = await anHttpServer({
    orphans: async () => ({
      computedAt: aTime,
      items: [
        { group: 'web', kind: 'machine', providerId: 'i-9', snapshotId: null, key: 'r-1', why: 'nobody asked for it' },
      ],
      unasked: [{ group: 'batch', error: 'no answer in 30 s' }],
    }),
    abort: async (asked) => void said.push({ act: 'abort', ...asked }),
    retry: async () => {
      throw new CodedError('CONFLICT', 'it is not stuck');
    },
  });
  await insertGroup(server.db);
});
afterEach(() => server.close());

const ctl = (...args: string[]) => runCtl({ url: server.url, token: aToken }, ...args);

describe('quarantine', () => {
  it('is begun, listed, extended and released, each time with a reason', async () => {
    const id = await insertInstance(server.db, { provider_id: 'i-1' });

    const begun = await ctl('quarantine', 'start', 'i-1', '--reason', 'an unknown key', '--keep-for', '24h');
    const list = await ctl('quarantine', 'list', '--group', 'web');
    const before = JSON.parse((await ctl('quarantine', 'get', 'i-1', '--json')).stdout);
    const extended = await ctl('quarantine', 'extend', 'i-1', '--by', '48h', '--reason', 'the disk is read', '--json');
    const released = await ctl('quarantine', 'release', 'i-1', '--reason', 'case closed', '--json');

    expect(begun).toMatchObject({ code: 0, stdout: expect.stringMatching(/state +isolating[\s\S]*an unknown key/) });
    expect(begun.stdout).toMatch(/replaced by +nothing: it stays until a person releases it/);
    expect(list.stdout).toMatch(new RegExp(`${id} +web +i-1 +isolating .*admin .*not by itself`));
    const hours = Date.parse(JSON.parse(extended.stdout).expiresAt) - Date.parse(before.expiresAt);
    expect(hours).toBe(48 * 3_600_000);
    expect(JSON.parse(released.stdout)).toMatchObject({ instanceId: id, releasedAt: expect.any(String) });
  });

  it.each([
    [['quarantine', 'start', 'i-1']],
    [['quarantine', 'start', 'unknown', '--reason', 'x']],
    [['quarantine', 'get', 'i-1']],
    [['quarantine', 'extend', 'i-1', '--by', '0s', '--reason', 'x']],
    [['quarantine', 'release', 'i-1', '--reason', 'nothing is kept']],
  ])('ends with 2 for %j', async (args) => {
    await insertInstance(server.db, { provider_id: 'i-1' });

    expect(await ctl(...args)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/./) });
  });
});

it('orphans are listed with why, and so is whose provider could not be asked', async () => {
  const [table, json] = [await ctl('orphans'), await ctl('orphans', '--json')];

  expect(table.stdout).toMatch(/web +machine +i-9 +– +r-1 +nobody asked for it/);
  expect(table.stdout).toContain('group batch could not be asked: no answer in 30 s');
  expect(JSON.parse(json.stdout)).toMatchObject({ items: [{ providerId: 'i-9' }], unasked: [{ group: 'batch' }] });
});

it('a replacement is aborted and tried again by a person, who says why', async () => {
  const id = await insertReplacement(server.db);

  const aborted = await ctl('replacements', 'abort', id.slice(-6), '--reason', 'the image is wrong');
  const retried = await ctl('replacements', 'retry', id, '--reason', 'the quota is raised');
  const silent = await ctl('replacements', 'abort', id);

  expect(aborted).toMatchObject({ code: 0, stdout: expect.stringContaining(id) });
  expect(said).toEqual([{ act: 'abort', id, reason: 'the image is wrong', actor: 'admin' }]);
  expect(retried).toMatchObject({ code: 2, stderr: expect.stringMatching(/not stuck.*\(CONFLICT\)/) });
  expect(silent).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') });
});

it('a machine that never spoke stands in the list, absent, and since when', async () => {
  await insertInstance(server.db, { provider_id: 'i-1' });
  const machine = { group_name: 'web', zone: 'eu-1', first_listed_at: aTime };
  await writeMachine(server.db, { ...machine, provider_id: 'i-7', told: 'absent' });
  await writeMachine(server.db, { ...machine, provider_id: 'i-8', told: null });

  const list = await ctl('instances', 'list', '--group', 'web');
  const drifted = await ctl('instances', 'list', '--content', 'drifted');
  const absent = JSON.parse((await ctl('instances', 'absent', '--json')).stdout);

  expect(list.stdout).toMatch(new RegExp(`web .* absent .* i-7 +no agent since ${aTime}`));
  expect(list.stdout).not.toContain('i-8');
  expect(drifted.stdout).not.toContain('absent');
  expect(absent.items).toEqual([
    { group: 'web', providerId: 'i-7', zone: 'eu-1', liveness: 'absent', listedSince: aTime },
  ]);
  expect((await ctl('instances', 'absent', '--group', 'other')).stdout.trim().split('\n')).toHaveLength(1);
});
