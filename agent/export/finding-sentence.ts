import { factSentence } from '../../shared/fact-text.ts';
import type { Finding } from '../../shared/finding.ts';
import { terminalSafe } from '../../shared/name.ts';
import { privilegeChange } from '../../shared/privilege.ts';

/** A finding in one line for whoever reads an export, without characters that a reader could take for something else. */
export function findingSentence(finding: Finding): string {
  if (finding.subject !== 'file') return terminalSafe(factSentence(finding));
  const { name, change, attributes } = finding;
  const power = privilegeChange(finding);
  const what = change === 'modified' ? `${change}: ${attributes.join(', ')}` : change;
  return terminalSafe(`${name} ${power === undefined ? '' : `${power}, `}${what}`);
}
