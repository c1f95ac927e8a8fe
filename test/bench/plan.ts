import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openDatabase } from '../../server/store/database.ts';
import { applyGroup } from '../../server/store/group-store.ts';
import { timestamp } from '../../shared/clock.ts';
import { aGroup, anInstanceRow, aTime } from '../support/builders.ts';
import { insertImage } from '../support/rows.ts';
import { now } from '../support/snapshot.ts';
import { calibrate } from './calibrate.ts';
import { startChild } from './child.ts';
import type { Figure } from './figure.ts';
import { groups, instancesPerGroup } from './plan-fleet.ts';
import type { PlanCommand, PlanFigures, PlanMemory } from './plan-process.ts';

const rounds = 15;
/** 200 MB. */
const memoryMibMax = 190;

/** The planner, alone in a process of its own, on a fleet of 100,000; and the reading of what it plans on. */
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
