import type { FleetEvent } from '../../shared/api.ts';
import type { Account, Tone } from './account.ts';

/** One line of the live account for each event that a watcher would want to see. */
export function narrate(event: FleetEvent, account: Account): void {
  const line = lineOf(event);
  if (line) account.say(...line);
}

function lineOf(event: FleetEvent): [word: string, sentence: string, tone?: Tone] | undefined {
  const who = short(event.data['providerId'] ?? event.instanceId);
  const text = (key: string) => String(event.data[key] ?? '');
  switch (event.type) {
    case 'drift.opened':
      return ['seen', `${who}: ${text('name')} ${text('change')} (${text('severity')})`, 'bad'];
    case 'instance.verdict':
      return ['judged', `${who}: ${text('verdict')}`, event.data['verdict'] === 'in_sync' ? 'good' : 'bad'];
    case 'replacement.planned':
      return ['planned', `${who} will be replaced: ${text('reason')}`];
    case 'replacement.blocked':
      return ['blocked', `${who} waits: ${text('message')}`, 'wait'];
    case 'replacement.step':
      return [text('state'), text('detail'), event.data['state'] === 'failed' ? 'bad' : 'plain'];
    case 'replacement.proven':
      return ['proven', text('detail'), 'good'];
    case 'breaker.tripped':
      return ['breaker', text('cause'), 'bad'];
    default:
      return undefined;
  }
}

function short(id: unknown): string {
  return String(id ?? 'an instance');
}
