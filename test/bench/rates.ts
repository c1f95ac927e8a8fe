import Database from 'better-sqlite3';
import type { Fleet } from './fleet.ts';
import { cpuMsOf } from './program.ts';
import type { ServerProcess } from './server-process.ts';

/** So that the machine's two cores have the server and one of them at a time. */
export const fleetProcesses = 2;
const reportSeconds = 10;

/** From the first connection to the last welcome, a second. */
export async function enrol(
  fleet: Fleet,
  {
    agents,
    ...where
  }: { readonly agents: number; readonly url: string; readonly joinToken: string; readonly ca?: string },
): Promise<number> {
  const from = performance.now();
  await fleet.tell({ do: 'connect', ...where, count: agents / fleetProcesses });
  return agents / ((performance.now() - from) / 1_000);
}

/** Reports that were acked, a second, and the server's time for each. All of them must be in the database. */
export async function acked(
  fleet: Fleet,
  { pid }: ServerProcess,
  what: 'sweeps' | 'checks',
  file: string,
): Promise<{ readonly perSecond: number; readonly cpuUs: number }> {
  const [cpuFrom, { acked: ackedFrom }] = [cpuMsOf(pid), await fleet.state()];
  const times = (await fleet.tell({ do: what, seconds: reportSeconds })) as number[][];
  const cpuMs = cpuMsOf(pid) - cpuFrom;
  const all = await expectStored(fleet, file);
  return { perSecond: times.flat().length / reportSeconds, cpuUs: (cpuMs * 1_000) / (all - ackedFrom) };
}

/** How many there are. */
export async function expectStored(fleet: Fleet, file: string): Promise<number> {
  const { acked: expected } = await fleet.state();
  const { stored } = one(file, 'select sum(seq) as stored from instance') as { stored: number };
  if (stored !== expected) throw new Error(`expected ${expected} reports to be stored, got ${stored}`);
  return stored;
}

/** The first row. */
export function one(file: string, text: string): unknown {
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare(text).all([])[0];
  } finally {
    db.close();
  }
}
