import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlaces } from '../../server/provider/local/place.ts';
import { pidsWithArgument } from '../../server/provider/local/processes.ts';
import type { Instance, PlanView } from '../../shared/api.ts';
import type { RulesDetail, RulesPreviewView } from '../../shared/api-rules.ts';
import type { FleetEvent } from '../../shared/event.ts';
import { aLocalBench, type LocalBench } from '../support/local-bench.ts';
import { pristine } from '../support/pristine-cli.ts';
import { aServer, ctlEntry, type Finished, runEntry } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const size = 20;
const pushMs = 240_000;

/** Real agents of the local provider, a policy that enforces at any drift at once, and rules that are wrong. */
describe('rules pushed to a running fleet', { timeout: 600_000 }, () => {
  let bench: LocalBench;
  let server: Awaited<ReturnType<typeof aServer>>;
  let pids: readonly string[];

  beforeAll(async () => {
    bench = await aLocalBench({ privileged: true });
    server = await aServer();
    const manifest = join(bench.place.dir, 'manifest');
    const envelope = (name: string) => JSON.parse(readFileSync(join(manifest, name), 'utf8'));
    await post('keys', { name: 'image', pem: readFileSync(join(bench.place.dir, 'image-key.pub'), 'utf8') });
    await post('images', { manifest: envelope('manifest.dsse.json'), rules: envelope('rules.dsse.json') });
    await post('apply', bench.group);
    await post('apply', {
      ...{ kind: 'Policy', name: 'web', select: { group: 'web' }, mode: 'enforce', budgets: [{ max: 5 }] },
      triggers: [{ drift: { severity: 'low', settle: 0 } }],
    });
    await post('groups/web/launch', { count: size, key: 'first' });
    await until(async () => (await instances()).filter(({ content }) => content === 'in_sync').length === size);
    const machines = (await instances()).map(({ providerId }) => providerId!);
    for (const [n, machine] of machines.entries()) {
      const log = (name: string) => join(bench.directory, machine, 'root/var/log', name);
      writeFileSync(log('app.log'), 'the same everywhere\n', { mode: 0o644 });
      if (n < 3) writeFileSync(log('odd.log'), 'on three\n', { mode: 0o644 });
      if (n < 2) writeFileSync(log('baked.log'), 'written on\n');
    }
    pids = await agents();
  }, 600_000);
  afterAll(async () => {
    await server?.stop();
    await bench?.close();
  });

  it('shows what a bad set would flag, lets nothing die of it, and is rolled back live', async () => {
    const bad = await sign(2, 'rules:\n  - {match: [/var/**], as: immutable, severity: critical}\n');
    const pushedBad = await push(bad);
    expect([pushedBad.code, pushedBad.stderr]).toEqual([0, expect.anything()]);
    const { preview } = JSON.parse(pushedBad.stdout) as RulesDetail & { readonly preview: RulesPreviewView };

    expect(preview).toMatchObject({ instances: size, answered: size, unansweredCount: 0, turningDrifted: size });
    expect(
      preview.flagged.map(({ name, change, before, after, instances: on }) => [name, change, before, after, on]),
    ).toEqual([
      ['/var/log/app.log', 'added', null, 'critical', size],
      ['/var/log/odd.log', 'added', null, 'critical', 3],
      ['/var/log/baked.log', 'modified', null, 'critical', 2],
    ]);
    expect([preview.silent, preview.regraded, preview.unlisted]).toEqual([[], [], 0]);
    await until(async () => (await instances()).every(({ content, taint }) => content === 'drifted' && taint !== null));
    // Everything that would be replaced has been planned by now: not one may have been begun.
    const plan = await get<PlanView>('groups/web/plan');
    expect(plan.commands).toEqual([]);
    expect(
      plan.blocked.map(({ blockers }) => blockers.some(({ kind, until: at }) => kind === 'new-rules' && at !== null)),
    ).toEqual(Array.from({ length: size }, () => true));

    const good = await sign(3, 'rules: []\n');
    const pushedGood = await push(good);
    expect([pushedGood.code, pushedGood.stderr]).toEqual([0, expect.anything()]);
    const rollback = (JSON.parse(pushedGood.stdout) as { readonly preview: RulesPreviewView }).preview;
    await until(async () => (await instances()).every(({ content, taint }) => content === 'in_sync' && taint === null));

    expect(rollback).toMatchObject({ answered: size, turningInSync: size, flagged: [] });
    expect(rollback.silent.map(({ name, instances: on }) => [name, on])).toEqual([
      ['/var/log/app.log', size],
      ['/var/log/odd.log', 3],
      ['/var/log/baked.log', 2],
    ]);
    expect((await get<{ items: readonly unknown[] }>('replacements')).items).toEqual([]);
    expect((await get<{ breaker: unknown }>('groups/web')).breaker).toBeNull();
    const told = await ctl('events', '--after', '0', '--json');
    const events = told.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as FleetEvent).type);
    expect(events.filter((type) => type === 'taint.lifted')).toHaveLength(size);
    expect(events.filter((type) => type === 'rules.refused' || type === 'instance.retired')).toEqual([]);
    expect(await agents()).toEqual(pids);
  });

  async function sign(sequence: number, config: string): Promise<string> {
    const [file, out] = [`rules-${sequence}.yaml`, `rules-${sequence}.json`].map((name) => join(bench.place.dir, name));
    writeFileSync(file!, config);
    const [manifest, key] = ['manifest', 'image-key.key'].map((name) => join(bench.place.dir, name));
    const asked = ['rules', 'sign', '--sequence', String(sequence), '--config', file!, '--manifest', manifest!];
    const run = await pristine([...asked, '--key', key!, '--out', out!]);
    expect([run.code, run.stderr]).toEqual([0, '']);
    return out!;
  }

  function push(file: string): Promise<Finished> {
    return ctl('rules', 'push', file, '--yes', '--wait', '3m', '--json');
  }

  function ctl(...args: readonly string[]): Promise<Finished> {
    const env = { PRISTINE_SERVER: server.url, PRISTINE_TOKEN: server.token };
    return runEntry(ctlEntry, args, { env, timeoutMs: pushMs });
  }

  async function agents(): Promise<readonly string[]> {
    const machines = (await instances()).map(({ providerId }) => providerId!).sort();
    return machines.map((id) => `${id} ${pidsWithArgument(createPlaces(bench.directory).ofId(id).agentConfig).join()}`);
  }

  async function instances(): Promise<readonly Instance[]> {
    return (await get<{ readonly items: readonly Instance[] }>('instances?group=web&limit=100')).items;
  }

  async function get<T>(path: string): Promise<T> {
    return call('GET', path) as Promise<T>;
  }

  function post(path: string, body: unknown): Promise<unknown> {
    return call('POST', path, body);
  }

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${server.url}/api/v1/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
});
