import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { events } from '../../../server/ctl/commands/events.ts';
import type { Context } from '../../../server/ctl/context.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { FleetEvent } from '../../../shared/event.ts';
import { aTime } from '../../support/builders.ts';
import { codeOfAsync } from '../../support/code-of.ts';

type Streamed = FleetEvent | 'caught-up' | CodedError;

const away = new CodedError('UNREACHABLE', 'nobody answers');
const refused = new CodedError('FORBIDDEN', 'another token');

/** A server with one stream after another; `asked` is where each was to begin. */
function aRemote(...streams: readonly (readonly Streamed[])[]) {
  const lines: string[] = [];
  const asked: unknown[] = [];
  const remote = {
    async *events({ after }: { readonly after?: unknown }) {
      asked.push(after);
      for (const item of streams[asked.length - 1] ?? [refused]) {
        if (item instanceof CodedError) throw item;
        yield item;
      }
    },
  };
  const out = { line: (text: string) => void lines.push(text) };
  return { context: { json: false, remote, out } as unknown as Context, lines, asked };
}

function anEvent(id: number): FleetEvent {
  return { id, at: aTime, type: 'group.changed', group: 'web', instanceId: null, replacementId: null, data: {} };
}

describe('pristinectl events', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('follows across a restart of the server, from where it was', async () => {
    const { context, lines, asked } = aRemote(['caught-up', anEvent(7), away], [away], ['caught-up', anEvent(8)]);

    const end = codeOfAsync(() => events(context, [], { follow: true }));
    await vi.advanceTimersByTimeAsync(60_000);

    expect(await end).toBe('FORBIDDEN');
    expect(asked).toEqual([undefined, 7, 7, 8]);
    expect(lines).toHaveLength(2);
  });

  it('shows those of a type, or of all of a noun, and refuses one that there is not', async () => {
    const enrolled: FleetEvent = { ...anEvent(8), type: 'instance.enrolled', instanceId: 'x' };
    const trusted: FleetEvent = { ...anEvent(9), type: 'instance.trusted', instanceId: 'x' };
    const shown = async (...type: string[]) => {
      const { context, lines } = aRemote([anEvent(7), enrolled, trusted, 'caught-up']);
      await events(context, [], { type });
      return lines.length;
    };

    expect([await shown('instance'), await shown('instance.trusted', 'group'), await shown()]).toEqual([2, 2, 3]);
    expect(await codeOfAsync(() => shown('instances'))).toBe('USAGE');
  });

  it('shows what is in an event without its brackets, and of digests the beginning', async () => {
    const data = { count: 1, findings: [{ fingerprint: 'a'.repeat(64), subject: 'user', name: 'eve' }], from: null };
    const { context, lines } = aRemote([{ ...anEvent(1), data }, 'caught-up']);

    await events(context, [], {});

    expect(lines[0]).toMatch(/count=1 {2}findings=a{12} user eve {2}from=–$/);
  });

  it('does not wait for a server that was never there', async () => {
    const { context } = aRemote([away]);

    expect(await codeOfAsync(() => events(context, [], { follow: true }))).toBe('UNREACHABLE');
  });

  it('does not take a part for the whole', async () => {
    const { context } = aRemote([anEvent(1)]);

    expect(await codeOfAsync(() => events(context, [], {}))).toBe('UNREACHABLE');
  });
});
