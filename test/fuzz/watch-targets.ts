import { commandOf } from '../../agent/watch/command-line.ts';
import { parseEvents } from '../../agent/watch/fanotify-events.ts';
import { groupIn, originIn } from '../../agent/watch/origin.ts';
import { parseProcessEvent } from '../../agent/watch/process-events.ts';
import { commandCharsMax } from '../../shared/actor.ts';
import type { Target } from './targets.ts';

/** An event of the kernel: 24 bytes, and a record with a filesystem, a handle and a name. */
const event =
  '3c000000030018000001000000000000ffffffff2a0000000200240001020304050607080800000001000000aabbccdd11223344' +
  '6e616d6500000000';
const forked = `${'00'.repeat(36)}01000000${'00'.repeat(12)}0a0000000a0000000b0000000b000000${'00'.repeat(8)}`;

/** What others write that the watchers read. */
export const watchTargets: readonly Target[] = [
  {
    name: 'events of a fanotify group',
    examples: [Buffer.from(event, 'hex'), Buffer.from(event + event, 'hex')],
    run: (input) => {
      try {
        return [...parseEvents(input)];
      } catch (error) {
        // What is no event ends the watching, and says so.
        if (error instanceof Error && error.message.includes('event')) return undefined;
        throw error;
      }
    },
  },
  {
    name: 'events of processes',
    examples: [Buffer.from(forked, 'hex')],
    run: parseProcessEvent,
  },
  {
    name: 'control groups of a process',
    examples: [
      Buffer.from('3:cpu:/\n1:name=systemd:/system.slice/cron.service\n0::/\n'),
      Buffer.from(`0::/system.slice/docker-${'a'.repeat(64)}.scope\n`),
    ],
    run: (input) => {
      const text = input.toString('latin1');
      const { unit, container } = originIn(text);
      const group = groupIn(text);
      return unit === null && container === null && group === undefined ? undefined : [unit, container, group];
    },
  },
  {
    name: 'command lines',
    examples: [Buffer.from('mysql\0-phunter2\0--password=x\0-e\0select 1\0'), Buffer.from('/bin/sh\0-c\0true\0')],
    run: (input) => {
      const text = input.toString('latin1');
      for (const shown of ['masked', 'shown'] as const) {
        if (commandOf(text, shown).length > commandCharsMax) throw new Error('longer than a command line may be');
      }
      return text;
    },
  },
];
