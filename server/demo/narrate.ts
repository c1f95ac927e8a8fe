import type { Blocker } from '../../shared/api.ts';
import type { FleetEvent } from '../../shared/event.ts';
import type { Account, Tone } from './account.ts';

/** One line of the live account for each event that a watcher would want to see; `who` says an instance's machine. */
export function narrate(event: FleetEvent, who: string, account: Account): void {
  for (const line of linesOf(event, who)) account.say(...line);
}

type Line = [word: string, sentence: string, tone?: Tone];

function linesOf({ type, data }: FleetEvent, who: string): readonly Line[] {
  const text = (key: string) => String(data[key] ?? '');
  switch (type) {
    case 'drift.opened': {
      const findings = data['findings'] as readonly { name: string; change: string; severity: string }[];
      return findings.map(({ name, change, severity }) => ['seen', `${who}: ${name} ${change}, ${severity}`, 'bad']);
    }
    case 'instance.verdict':
      return [['judged', `${who}: ${text('to')}`, data['to'] === 'in_sync' ? 'good' : 'bad']];
    case 'replacement.planned':
      return [['planned', `${who} is to be replaced: ${text('reason')}`]];
    case 'replacement.blocked':
      return [['blocked', `${who} waits: ${waitingFor(data['blockers'] as readonly Blocker[])}`, 'wait']];
    case 'replacement.step':
      return [[text('state'), text('detail'), data['state'] === 'failed' ? 'bad' : 'plain']];
    case 'replacement.proven':
      return [['proven', text('detail'), 'good']];
    case 'breaker.tripped':
      return [['breaker', text('cause'), 'bad']];
    default:
      return [];
  }
}

/** The budget is what this story is about; the rest is counted. */
function waitingFor(blockers: readonly Blocker[]): string {
  const told = blockers.find(({ kind }) => kind === 'budget') ?? blockers[0];
  const others = blockers.length - 1;
  return `${told?.message ?? 'no reason given'} (${told?.kind})${others > 0 ? `, and ${others} more` : ''}`;
}
