import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Digest, digestOf } from '../../shared/digest.ts';
import { writeDurably } from './durable-file.ts';

/**
 * By what one machine is told from another. Each is a digest, so that nothing secret of the machine is copied anywhere.
 * `machine-id`: /etc/machine-id. `instance-id`: what the cloud calls it. `product-uuid`: of the firmware. `root-disk`: the serial
 * of the disk that the root is on. `root-filesystem`: its UUID. `root-layer`: of a container, the directory that it writes to.
 */
export const machineParts = [
  'machine-id',
  'instance-id',
  'product-uuid',
  'root-disk',
  'root-filesystem',
  'root-layer',
] as const;
export type MachinePart = (typeof machineParts)[number];

/** What could be read of it: a part that a machine does not have, or does not show, is not there. */
export type Machine = Readonly<Partial<Record<MachinePart, Digest>>>;

const Document = z.strictObject({
  schema: z.literal('pristine.machine/1'),
  parts: z.partialRecord(z.enum(machineParts), Digest),
});

export function machineOf(parts: Readonly<Partial<Record<MachinePart, string>>>): Machine {
  return Object.fromEntries(
    Object.entries(parts).map(([part, value]) => [part, digestOf(`pristine machine\n${part}\n${value}`)]),
  );
}

/**
 * The parts in which two differ; none, and they are taken for one machine. One part that differs is enough. A part that either
 * does not have decides nothing: a source may fail, or come late, and a good key must not be lost for it. Pure.
 */
export function differingParts(one: Machine, other: Machine): readonly MachinePart[] {
  return machineParts.filter(
    (part) => one[part] !== undefined && other[part] !== undefined && one[part] !== other[part],
  );
}

/** On which machine the key beside it was made. Undefined where nobody wrote that down, or it cannot be read any more. */
export async function readMachineRecord(stateDir: string): Promise<Machine | undefined> {
  try {
    return Document.parse(JSON.parse(await readFile(pathOf(stateDir), 'utf8'))).parts;
  } catch {
    return undefined;
  }
}

export async function writeMachineRecord(stateDir: string, parts: Machine): Promise<void> {
  const document: z.infer<typeof Document> = { schema: 'pristine.machine/1', parts };
  await writeDurably(pathOf(stateDir), `${JSON.stringify(document)}\n`);
}

function pathOf(stateDir: string): string {
  return join(stateDir, 'machine.json');
}
