import { z } from 'zod';
import type { Machine } from '../provider.ts';
import { startTimeOf } from './processes.ts';

/** What is durably known of an instance: `instance.json` in its folder. Whether its agent runs, the process table says. */
export const MachineRecord = z.strictObject({
  schema: z.literal('pristine.local-machine/1'),
  group: z.string(),
  image: z.string(),
  key: z.string(),
  /** The process with which the instance ends, told apart from a later one of the same pid by its start time. */
  owner: z.strictObject({ pid: z.int().positive(), startTime: z.string().nullable() }).nullable(),
  state: z.enum(['preparing', 'running', 'draining', 'isolated', 'terminating']),
  drainedBy: z.string().nullable().default(null),
  zone: z.string().nullable().default(null),
});
export type MachineRecord = z.infer<typeof MachineRecord>;

export function isOwnerGone(record: MachineRecord): boolean {
  if (record.owner === null) return false;
  return record.owner.startTime === null || startTimeOf(record.owner.pid) !== record.owner.startTime;
}

export function machineState(record: MachineRecord, agentRuns: boolean): Machine['state'] {
  switch (record.state) {
    case 'preparing':
      return 'starting';
    case 'running':
      return agentRuns ? 'running' : 'stopped';
    case 'draining':
      return agentRuns ? 'draining' : 'stopped';
    case 'isolated':
      // Whatever has become of its processes: it is its disk that matters.
      return 'isolated';
    case 'terminating':
      return 'stopped';
    default:
      return record.state satisfies never;
  }
}
