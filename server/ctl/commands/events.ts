import { systemClock } from '../../../shared/clock.ts';
import { CodedError, ExitCode } from '../../../shared/errors.ts';
import { eventTypes, type FleetEvent } from '../../../shared/event.ts';
import type { Context } from '../context.ts';
import { instancePath } from './instances.ts';

const reconnectMs = 2_000;

interface EventOptions {
  readonly follow?: unknown;
  readonly after?: unknown;
  readonly type?: unknown;
  readonly instance?: unknown;
}

/**
 * Without --follow: what the server still keeps, newest last. With it: what happens from now, across its restarts.
 * As JSON one event a line, since a stream has no end to close a bracket at.
 */
export async function events(
  context: Context,
  _args: readonly string[],
  { follow, after, type, instance }: EventOptions,
): Promise<void> {
  const { remote, out, json } = context;
  const isWanted = await choiceOf(context, { type, instance });
  let last = typeof after === 'number' ? after : follow === true ? undefined : 0;
  let hasCaughtUp = false;
  for (;;) {
    try {
      for await (const event of remote.events({ after: last })) {
        if (event === 'caught-up') {
          if (follow !== true) return;
          hasCaughtUp = true;
          continue;
        }
        last = event.id;
        if (!isWanted(event)) continue;
        if (json) out.jsonLine(event);
        else out.line(sentenceOf(event));
      }
      if (follow !== true) throw new CodedError('UNREACHABLE', 'the server ended the stream before all was sent');
    } catch (error) {
      // A server that was never there is a mistake in its address; one that was there comes back.
      const isAway = error instanceof CodedError && error.exitCode === ExitCode.unreachable;
      if (!isAway || !hasCaughtUp) throw error;
    }
    await systemClock.sleep(reconnectMs);
  }
}

/** Errors: USAGE for a type that no event has: a slip must not look like a quiet fleet. */
async function choiceOf(
  context: Context,
  { type, instance }: Pick<EventOptions, 'type' | 'instance'>,
): Promise<(event: FleetEvent) => boolean> {
  const wanted = Array.isArray(type) ? type.map(String) : [];
  for (const one of wanted) {
    if (eventTypes.some((known) => isOfType(known, one))) continue;
    const nouns = [...new Set(eventTypes.map((known) => known.split('.')[0]))].join(', ');
    throw new CodedError('USAGE', `there are no events of the type ${one}; the nouns are ${nouns}`);
  }
  const path = typeof instance === 'string' ? await instancePath(context, instance) : undefined;
  const id = path && decodeURIComponent(path.slice('instances/'.length));
  return (event) =>
    (wanted.length === 0 || wanted.some((one) => isOfType(event.type, one))) &&
    (id === undefined || event.instanceId === id);
}

function isOfType(type: string, wanted: string): boolean {
  return type === wanted || type.startsWith(`${wanted}.`);
}

function sentenceOf({ at, type, group, instanceId, replacementId, data }: FleetEvent): string {
  const about = [group, instanceId, replacementId].filter((part) => part !== null).join(' ');
  const details = Object.entries(data).map(([key, value]) => `${key}=${valueText(value)}`);
  return [at, type.padEnd(20), about, ...details].join('  ');
}

/** For the eye: of what has parts their values, and the beginnings of digests. The whole is in the JSON. */
function valueText(value: unknown): string {
  if (value === null) return '–';
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (typeof value === 'object') return Object.values(value).map(valueText).join(' ');
  return String(value).replace(/\b[0-9a-f]{64}\b/g, (digest) => digest.slice(0, 12));
}
