import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../server/store/database.ts';
import { timestamp } from '../../../shared/clock.ts';
import { anImageDigest } from '../../support/builders.ts';
import { aDirectory } from '../../support/database.ts';
import { insertFinding, insertImage, insertInstance } from '../../support/rows.ts';
import { aServer, runCtl } from '../../support/server-process.ts';

/** A server that finds a small fleet in its database when it starts. */
const data = join(aDirectory(), 'data');
const file = join(aDirectory(), 'policy.yaml');
let server: Awaited<ReturnType<typeof aServer>>;
let [tainted, clean] = ['', ''];

beforeAll(async () => {
  await (await aServer({ data })).stop();
  const db = await openDatabase({ file: join(data, 'pristine.db') });
  const [now, before] = [Date.now(), Date.now() - 3_600_000].map(timestamp) as [string, string];
  await insertImage(db, { digest: anImageDigest });
  const scanned = { scan_started_at: now, scan_finished_at: now, enrolled_at: before };
  tainted = await insertInstance(db, {
    ...{ ...scanned, provider_id: 'web-1', verdict: 'drifted', taint_severity: 'low', taint_at: before },
  });
  const fingerprint = await insertFinding(db, tainted, { severity: 'low' });
  const seen = { first_seen_at: before, tainting_since: before, last_seen_at: now };
  await db.updateTable('finding').set(seen).where('fingerprint', '=', fingerprint).execute();
  clean = await insertInstance(db, { ...scanned, provider_id: 'web-2' });
  await insertInstance(db, { ...scanned, provider_id: 'lost-1', group_name: 'lost' });
  await db.destroy();
  server = await aServer({ data });
  writeFileSync(
    file,
    `kind: Group\nname: web\nprovider: {type: local, directory: ${join(data, 'none')}, images: {}}\nimages: {stable: web@7}\nstateless: true\n`,
  );
  await runCtl(server, 'apply', '-f', file);
});
afterAll(() => server.stop());

const policy = (severity: string, mode = 'observe') =>
  `kind: Policy\nname: web\nselect: {group: web}\nmode: ${mode}\ntriggers: [{drift: {severity: ${severity}}}]\n`;

describe('policies simulate', () => {
  const simulate = (text: string, ...more: readonly string[]) => {
    writeFileSync(file, text);
    return runCtl(server, 'policies', 'simulate', '-f', file, ...more);
  };

  it('says what policies would do, and stores none', async () => {
    const { code, stdout, stderr } = await simulate(policy('low'));

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('now: 0 would be replaced, and 1 held back');
    expect(stdout).toMatch(/^provider +1$/m);
    expect((await runCtl(server, 'policies', 'list', '--json')).stdout).not.toContain('"web"');
  });

  it('says what they would have done', async () => {
    const { code, stdout } = await simulate(policy('low'), '--days', '1', '--json');

    const { asWritten, enforced, backtest } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(asWritten.heldBack.map(kindOf)).toEqual(expect.arrayContaining(['observe', 'provider']));
    expect(enforced.heldBack.map(kindOf)).toEqual(expect.not.arrayContaining(['observe']));
    expect(backtest).toMatchObject({ replaced: 1, starts: [{ policy: 'web', instanceId: tainted }] });
    expect((await simulate(policy('low'), '--days', '1')).stdout).toContain('assumed: ');
  });

  it.each([
    ['no policy', 'kind: Group\nname: web\nprovider: {type: local, directory: /tmp/none, images: {}}\n', 'CONFIG', []],
    ['a policy that is wrong, with its line', policy('low', 'kill'), 'CONFIG', []],
    ['two of one name', `${policy('low')}---\n${policy('high')}`, 'USAGE', []],
    ['more days than are kept', policy('low'), 'USAGE', ['--days', '400']],
  ])('refuses %s', async (_what, text, code, more) => {
    const answer = await simulate(text, ...more);

    expect([answer.code, answer.stdout]).toEqual([2, '']);
    expect(answer.stderr).toContain(`(${code})`);
  });
});

describe('replacements why', () => {
  const why = (...args: readonly string[]) => runCtl(server, 'replacements', 'why', ...args);

  it('says that no policy selects it', async () => {
    expect((await why('lost-1')).stdout).toMatch(/^It is not replaced: no policy selects it \(group lost\)\.$/m);
  });

  it('says that its drift is only low, and all else that is asked', async () => {
    writeFileSync(file, policy('high'));
    await runCtl(server, 'apply', '-f', file);

    const { code, stdout, stderr } = await why('web-1');

    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^It is not replaced: its drift is only low, and this wants high\.$/m);
    expect(stdout).toContain('policy web (version 1, observe): does not want it replaced');
    expect((await why('web-2')).stdout).toContain('it is not tainted');
  });

  it('says what holds it back, and what to do', async () => {
    writeFileSync(file, policy('low'));
    await runCtl(server, 'apply', '-f', file);

    const { stdout } = await why('web-1', '--json');

    const said = JSON.parse(stdout);
    expect(said).toMatchObject({ instance: { id: tainted }, underWay: null, lastFailure: null });
    expect(said.answer).toContain('held back now by: observe');
    expect(said.policies[0].blockers.map(kindOf)).toEqual(expect.arrayContaining(['observe', 'provider']));
    expect(said.next.join()).toContain('mode: enforce');
    expect((await why('web-1')).stdout).toContain('next: ');
  });

  it('knows nothing of whom nobody knows', async () => {
    expect(await why('nobody')).toMatchObject({ code: 2, stdout: '' });
    expect((await why(clean)).code).toBe(0);
  });
});

function kindOf({ kind }: { readonly kind: string }): string {
  return kind;
}
