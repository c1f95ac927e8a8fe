import { factSentence } from '../../shared/fact-text.ts';
import { terminalSafe } from '../../shared/name.ts';
import { privilegeChange } from '../../shared/privilege.ts';
import type { Report } from '../../shared/report.ts';

/** A finding in one line for whoever reads an export, without characters that a reader could take for something else. */
export function findingSentence(finding: Report['findings'][number]): string {
  if (finding.subject !== 'file') return terminalSafe(factSentence(finding));
  const { name, change, attributes } = finding;
  const power = privilegeChange(finding);
  const what = change === 'modified' ? `${change}: ${attributes.join(', ')}` : change;
  return terminalSafe(`${name} ${power === undefined ? '' : `${power}, `}${what}`);
}
