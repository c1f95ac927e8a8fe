import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './durable-file.ts';
import { nextKeyName } from './identity.ts';
import { differingParts, type Machine, type MachinePart, readMachineRecord, writeMachineRecord } from './machine.ts';

/** Why what lay in a state directory was not this machine's: the parts that differ; none where it said of no machine at all. */
export interface Discarded {
  readonly differs: readonly MachinePart[];
}

/**
 * What a state directory holds of one machine, in the order in which it goes: the key last, since with it everything is decided
 * anew at the next start, should this one not get to the end. Rules stay, since they are of the image and signed.
 */
export const machineFiles: readonly string[] = [
  'spool',
  'known-state.ndjson',
  'gaps.json',
  'pins.json',
  'settled.json',
  'stamps',
  'rules-preview.dsse.json',
  'status.json',
  'boot',
  nextKeyName,
  'identity.key',
];

/**
 * Makes sure that what lies here was written on this machine: an image that was captured from a running instance, or a disk that
 * was copied, carries another's key and all that it knew, and two machines would be one to the server. What is another's is
 * removed, and so is what nobody says of where it was written. Undefined where there was nothing of the kind. Errors: IO.
 */
export async function discardOfFormer(stateDir: string, machine: Machine): Promise<Discarded | undefined> {
  const known = await readMachineRecord(stateDir);
  const differs = known === undefined ? [] : differingParts(known, machine);
  const isOther = known === undefined || differs.length > 0;
  const found = isOther ? await ofOneMachine(stateDir) : [];
  for (const name of found) await rm(join(stateDir, name), { recursive: true, force: true });
  if (found.length > 0) await syncDirectory(stateDir);
  const record: Machine = isOther ? machine : { ...known, ...machine };
  if (isOther || differsFrom(record, known)) await writeMachineRecord(stateDir, record);
  return found.length === 0 ? undefined : { differs };
}

async function ofOneMachine(stateDir: string): Promise<readonly string[]> {
  const there = new Set(await readdir(stateDir));
  return machineFiles.filter((name) => there.has(name));
}

function differsFrom(record: Machine, known: Machine): boolean {
  return Object.keys(record).length !== Object.keys(known).length;
}
