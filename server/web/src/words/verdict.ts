import { doubtWords } from '../../../../shared/doubt-text.ts';
import { serverHoleText } from '../../../../shared/server-hole-text.ts';
import type { Instance } from '../api/types.ts';
import { count, plural } from './numbers.ts';
import { relative } from './time.ts';

/** The verdict in a sentence, and the one that says what it rests on. */
export function verdictOf(instance: Instance, now: number): { readonly says: string; readonly because: string } {
  return { says: saysOf(instance, now), because: `${becauseOf(instance, now)}${retiredOf(instance)}` };
}

function saysOf(instance: Instance, now: number): string {
  const { content, openFindings } = instance;
  switch (content) {
    case 'in_sync':
      return 'Everything that was measured is as the image says.';
    case 'drifted':
      // Not each of them is a thing that differs: some were restored, and some count for nothing.
      return `It differs from the image: ${plural(openFindings, 'open finding')}.`;
    case 'unverifiable':
      return whyUnverifiable(instance, now);
    default:
      return content satisfies never;
  }
}

function whyUnverifiable({ evidence, doubts, serverHoles }: Instance, now: number): string {
  if (doubts.length > 0) {
    const why = doubts.map(({ kind }) => doubtWords[kind]).join('; ');
    return `It is not sure which machine this is: ${why}. A person must look and decide.`;
  }
  // What the server holds against it stands above what could not be measured.
  if (serverHoles.length > 0) return `It is held back. ${serverHoles.map(serverHoleText).join('. ')}.`;
  if (evidence === null) return 'Nothing is known yet: no complete scan has been reported.';
  const holes = evidence.coverage.holes.length;
  if (holes > 0)
    return `${plural(holes, 'place')} could not be measured, so nothing is said about ${holes === 1 ? 'it' : 'them'}.`;
  if (Date.parse(evidence.expiresAt) <= now)
    return `The last complete scan is too old to rely on: it expired ${relative(evidence.expiresAt, now)}.`;
  return 'What the agent reports could not be confirmed against the image that the instance was made from.';
}

/** The last word on an instance that is gone is still shown, and is no news. */
function retiredOf({ lifecycle }: Instance): string {
  return lifecycle === 'retired' ? ' The instance is retired: this is what was last known.' : '';
}

function becauseOf({ evidence }: Instance, now: number): string {
  if (evidence === null) return 'A verdict needs one complete scan.';
  const { entries, checked, holes } = evidence.coverage;
  const found = holes.length === 0 ? 'without holes' : `with ${plural(holes.length, 'hole')}`;
  const scan = `The last complete scan finished ${relative(evidence.finishedAt, now)}: ${count(checked)} subjects checked against ${plural(entries, 'entry', 'entries')}, ${found}.`;
  const expired = Date.parse(evidence.expiresAt) <= now;
  return expired
    ? scan
    : `${scan} It counts until ${evidence.expiresAt.slice(11, 16)} UTC (${relative(evidence.expiresAt, now)}).`;
}
