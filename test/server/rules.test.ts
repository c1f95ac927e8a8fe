import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRulesBoard, type RulesBoard } from '../../server/fleet/rules-board.ts';
import { applyReport } from '../../server/intake/apply-report.ts';
import { findInstance } from '../../server/store/instance-store.ts';
import { trustKey } from '../../server/store/key-store.ts';
import { rulesFor } from '../../server/store/rules-store.ts';
import { digestOf } from '../../shared/digest.ts';
import type { RulesPreviewed } from '../../shared/protocol.ts';
import { aFinding, aTime } from '../support/builders.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { anHttpServer, type HttpServer } from '../support/http-server.ts';
import { aReport } from '../support/reports.ts';
import { insertImage, insertInstance } from '../support/rows.ts';
import { rulesEnvelope } from '../support/rules.ts';

const { privateKey: key, publicKey } = generateKeyPairSync('ed25519');
const clock = createFakeClock(Date.parse(aTime));
let server: HttpServer;
let board: RulesBoard;
let id: string;

beforeEach(async () => {
  board = createRulesBoard();
  server = await anHttpServer({ clock, board });
  await trustKey(server.db, {
    name: 'image',
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    at: aTime,
  });
  await insertImage(server.db);
  id = await insertInstance(server.db, { boot: 0, seq: 0, verdict: 'in_sync' });
});
afterEach(() => server.close());

describe('rules that are pushed', () => {
  it.each([
    ['nobody signed', 422, 'UNSIGNED', rulesEnvelope({ sequence: 2 })],
    [
      'a stranger signed',
      422,
      'SIGNATURE',
      rulesEnvelope({ sequence: 2, key: generateKeyPairSync('ed25519').privateKey }),
    ],
    ['are of an image that is not there', 404, 'NOT_FOUND', rulesEnvelope({ sequence: 2, key, name: 'api' })],
    ['have the sequence that was baked', 409, 'CONFLICT', rulesEnvelope({ sequence: 1, key })],
  ])('are refused where %s', async (_, status, code, rules) => {
    expect(await push(rules)).toMatchObject({ status, body: { code } });
    expect((await server.get('rules')).body.items).toEqual([]);
  });

  it('are a candidate, the same when pushed again, and of a sequence that is not used twice', async () => {
    const first = await push(rulesEnvelope({ sequence: 2, key }));
    const again = await push(rulesEnvelope({ sequence: 2, key }));
    await ask('2/withdraw');

    expect(first.body).toMatchObject({
      state: 'candidate',
      instances: 1,
      preview: { answered: 0, unansweredCount: 1 },
    });
    expect(again.status).toBe(200);
    expect((await push(rulesEnvelope({ sequence: 2, key, rules: [{ match: '/x', as: 'ephemeral' }] }))).status).toBe(
      409,
    );
    expect((await ask('2/activate')).body).toMatchObject({ code: 'CONFLICT' });
    expect((await rulesFor(server.db, id)).candidate).toBeUndefined();
  });

  it('supersede those before, and candidates that come too late', async () => {
    for (const sequence of [2, 3, 4]) await push(rulesEnvelope({ sequence, key }));
    await ask('2/activate');
    await ask('4/activate');

    const { items } = (await server.get('rules')).body;

    expect(items.map(({ sequence, state }: { sequence: number; state: string }) => [sequence, state])).toEqual([
      [4, 'active'],
      [3, 'superseded'],
      [2, 'superseded'],
    ]);
    expect((await rulesFor(server.db, id)).active?.sequence).toBe(4);
  });
});

describe('a preview', () => {
  it('counts an instance once, and says of whom nothing is known', async () => {
    const silent = await insertInstance(server.db, { key_id: 'sha256:other' });
    const { digest } = (await push(rulesEnvelope({ sequence: 2, key }))).body;
    board.answered(id, previewed(digest));
    board.answered(id, previewed(digest));

    const { preview } = (await server.get('rules/web/2')).body;

    expect(preview).toMatchObject({ answered: 1, turningDrifted: 1, unlisted: 4 });
    expect(preview.unanswered).toEqual([{ instanceId: silent, why: 'offline' }]);
    expect(preview.flagged).toMatchObject([{ name: '/var/log/app', before: null, after: 'high', instances: 1 }]);
  });

  it('names a refusal, and takes a later answer in its place', async () => {
    const { digest } = (await push(rulesEnvelope({ sequence: 2, key }))).body;
    board.answered(id, { type: 'rules-refused', use: 'preview', digest, code: 'SIGNATURE', message: 'no' });
    const refused = (await server.get('rules/web/2')).body.preview;
    board.answered(id, previewed(digest));

    expect(refused).toMatchObject({ answered: 0, unanswered: [{ why: 'refused: SIGNATURE: no' }] });
    expect((await server.get('rules/web/2')).body.preview).toMatchObject({ answered: 1, unansweredCount: 0 });
  });
});

describe('the board', () => {
  it('keeps the answers about the latest candidates', () => {
    const digests = Array.from({ length: 65 }, (_, n) => digestOf(`rules ${n}`));
    for (const digest of digests) board.answered(id, previewed(digest));

    const answered = digests.map((digest) => board.view(digest, [id], () => true).answered);

    expect(answered).toEqual([0, ...Array<number>(64).fill(1)]);
  });
});

describe('a taint by new rules', () => {
  const log = aFinding({ name: '/var/log/app', change: 'added', expected: {}, severity: 'critical' });
  const relaxed = [{ match: '/var/log/**', as: 'ignored', reason: 'test' }];
  const taint = async () => (await findInstance(server.db, id))?.taint ?? null;

  it('is held for the hour, and lifted by the rules that accept it', async () => {
    await activate(2, relaxed);
    await activate(3, []);
    await report(1, 3, [log]);
    const held = await server.db.selectFrom('finding').select('by_rules').execute();
    await activate(4, relaxed);
    await report(2, 4, []);

    expect(held).toEqual([{ by_rules: 3 }]);
    expect(await taint()).toBeNull();
  });

  it('is not held where the rules before would have found it too', async () => {
    await activate(2, []);
    await activate(3, [{ match: '/x', as: 'ephemeral' }]);
    await report(1, 3, [{ ...log, severity: 'medium' }]);

    expect(await server.db.selectFrom('finding').select('by_rules').execute()).toEqual([{ by_rules: null }]);
  });

  it('stays where an agent keeps to older rules that would accept it', async () => {
    await activate(2, relaxed);
    await activate(3, []);
    await report(1, 3, [log]);
    await report(2, 2, []);

    expect(await taint()).toMatchObject({ severity: 'critical' });
  });

  it('stays where the drift was reverted under the same rules', async () => {
    await activate(2, []);
    await report(1, 2, [log]);
    await report(2, 2, []);

    expect(await taint()).toMatchObject({ severity: 'critical' });
  });
});

function ask(action: string) {
  return server.send(`/api/v1/rules/web/${action}`, { method: 'POST' });
}

function push(rules: object) {
  return server.post('rules', { rules });
}

async function activate(sequence: number, rules: readonly unknown[]): Promise<void> {
  expect((await push(rulesEnvelope({ sequence, key, rules }))).status).toBe(200);
  expect((await ask(`${sequence}/activate`)).status).toBe(200);
}

async function report(seq: number, rules: number, opened: ReturnType<typeof aFinding>[]): Promise<void> {
  const intake = { db: server.db, now: clock.now(), evidenceTtlMs: 3_600_000 };
  expect((await applyReport(intake, id, aReport({ seq, rules, opened }))).kind).toBe('applied');
}

function previewed(digest: string): RulesPreviewed {
  const drift = { fingerprint: 'a'.repeat(64), subject: 'file', name: '/var/log/app', change: 'added' as const };
  return {
    ...{ type: 'rules-previewed', digest, before: 'in_sync', after: 'drifted' },
    counts: { flagged: 5, silent: 0, regraded: 0 },
    differences: [{ ...drift, before: null, after: 'high' }],
  };
}
