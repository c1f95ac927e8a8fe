import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openDatabase } from '../../server/store/database.ts';
import { applyGroup } from '../../server/store/group-store.ts';
import { timestamp } from '../../shared/clock.ts';
import { aGroup, anInstanceRow, aTime } from '../support/builders.ts';
import { insertImage } from '../support/rows.ts';
import { now } from '../support/snapshot.ts';
import { days, instances } from './backtest-fleet.ts';
import { calibrate } from './calibrate.ts';
import { startChild } from './child.ts';
import type { Figure } from './figure.ts';
import { groups, instancesPerGroup } from './plan-fleet.ts';
import type { BacktestFigures, PlanCommand, PlanFigures, PlanMemory } from './plan-process.ts';

const rounds = 15;
/** 200 MB. */
const memoryMibMax = 190;

/** The planner, alone in a process of its own, on a fleet of 100,000; the reading of what it plans on; and backtests. */
export async function planFiguresOf({
  work,
  say,
}: {
  readonly work: string;
  say(what: string): void;
}): Promise<Figure[]> {
  say('a calibration loop');
  const { verifications } = calibrate(work);
  say('a plan for 100,000 instances');
  const planned = await ask<PlanFigures & PlanMemory>({ do: 'plan', rounds });
  say('the reading of 100,000 instances');
  const read = await ask<PlanFigures>({ do: 'read', file: await aLargeDatabase(work) });
  const backtests: Figure[] = [];
  for (const count of [1, 50]) backtests.push(...(await backtestFiguresOf(count, say)));
  const size = groups * instancesPerGroup;
  return [
    { name: 'calibration: Ed25519 verifications', value: verifications, unit: '/s' },
    { name: `plan: candidates among ${size} instances`, value: planned.count, unit: 'entries' },
    { name: 'plan', value: planned.ms, unit: 'ms', target: { atMost: 250 } },
    { name: 'plan: memory of Node and the modules', value: planned.ownKib / 1_024, unit: 'MiB' },
    { name: 'plan: memory of the fleet that is given', value: planned.givenKib / 1_024, unit: 'MiB' },
    { name: 'plan: what it adds at its peak', value: planned.addedKib / 1_024, unit: 'MiB' },
    {
      name: 'plan: peak memory of the process',
      value: planned.peakKib / 1_024,
      unit: 'MiB',
      target: { atMost: memoryMibMax },
    },
    { name: `reading ${read.count} instances from SQLite`, value: read.ms, unit: 'ms' },
    { name: 'reading: peak memory of the process', value: read.peakKib / 1_024, unit: 'MiB' },
    ...backtests,
  ];
}

async function backtestFiguresOf(count: number, say: (what: string) => void): Promise<Figure[]> {
  const of = `backtest of ${days} days, ${instances} instances in ${count === 1 ? 'one group' : `${count} groups`}`;
  say(`a ${of}`);
  const { ms, longestMs, coarsestMs, looks } = await ask<BacktestFigures>({ do: 'backtest', groups: count });
  return [
    { name: of, value: ms / 1_000, unit: 's', target: { atMost: 5 } },
    { name: `${of}: longest step`, value: longestMs, unit: 'ms' },
    { name: `${of}: plans`, value: looks, unit: 'entries' },
    { name: `${of}: longest that a change waits for one`, value: coarsestMs / 1_000, unit: 's' },
  ];
}

async function ask<Figures>(command: PlanCommand): Promise<Figures> {
  const child = startChild<PlanCommand>('plan-process.ts');
  try {
    return (await child.ask(command)) as Figures;
  } finally {
    child.kill();
  }
}

async function aLargeDatabase(work: string): Promise<string> {
  const file = join(work, 'plan.db');
  const db = await openDatabase({ file });
  await insertImage(db);
  for (let group = 0; group < groups; group++) await applyGroup(db, aGroup({ name: `group-${group}` }), aTime);
  await db.destroy();
  const rows = new Database(file);
  const columns = Object.keys(anInstanceRow());
  const insert = rows.prepare(`insert into instance (${columns}) values (${columns.map(() => '?')})`);
  const at = timestamp(now);
  rows.prepare('begin').run([]);
  for (let n = 0; n < groups * instancesPerGroup; n++) {
    const scanned = { scan_started_at: at, scan_finished_at: at };
    const row = anInstanceRow({ group_name: `group-${n % groups}`, provider_id: `m-${n}`, ...scanned });
    insert.run(columns.map((column) => row[column as keyof typeof row]));
  }
  rows.prepare('commit').run([]);
  rows.close();
  return file;
}
