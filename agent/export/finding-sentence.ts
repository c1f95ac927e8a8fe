import { whoSentence } from '../../shared/actor-text.ts';
import { factSentence } from '../../shared/fact-text.ts';
import type { Finding } from '../../shared/finding.ts';
import { terminalSafe } from '../../shared/name.ts';
import { privilegeChange } from '../../shared/privilege.ts';
import { isRestored, restoredWords } from '../../shared/restored-text.ts';

/** A finding in one line for whoever reads an export, without characters that a reader could take for something else. */
export function findingSentence(finding: Finding): string {
  const who = whoSentence(finding);
  return terminalSafe(`${whatOf(finding)}${who === undefined ? '' : `, ${who}`}`);
}

function whatOf(finding: Finding): string {
  if (finding.subject !== 'file') return factSentence(finding);
  const { name, change, attributes } = finding;
  if (isRestored(finding)) return `${name} ${restoredWords}`;
  const power = privilegeChange(finding);
  const what = change === 'modified' ? `${change}: ${attributes.join(', ')}` : change;
  return `${name} ${power === undefined ? '' : `${power}, `}${what}`;
}
