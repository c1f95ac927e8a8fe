import type { FileEntry } from '../../shared/entry.ts';
import type { Exemption } from '../../shared/exemption.ts';
import type { Finding } from '../../shared/finding.ts';
import { fileGuards, isExecutable } from '../../shared/guard.ts';
import { outsideSubject } from '../../shared/outside-look.ts';

/** What a pinned content says nothing about, so that it must not differ. */
const pinned: readonly string[] = ['content', 'size'];

/**
 * Whether an exemption is for this difference, wherever it is. By its fingerprint it is for that one and no other. By a name and a
 * content it is for files whatever was baked there: so it covers nothing but content, and nothing that gives power, for which
 * the content is not all that matters. What an agent did not tell of is never exempted. Pure. The finding has all its attributes.
 */
export function exempts({ drift }: Exemption, finding: Omit<Finding, 'severity'>): boolean {
  if (finding.subject === outsideSubject) return false;
  if ('fingerprint' in drift) return finding.fingerprint === drift.fingerprint;
  const { subject, name, change, actual, rule } = finding;
  if (subject !== 'file' || name !== drift.file || change !== drift.change) return false;
  return actual['content'] === drift.content && !rule.startsWith('guard ') && isPlain(finding);
}

function isPlain({ name, change, attributes, expected, actual }: Omit<Finding, 'severity'>): boolean {
  if (change === 'modified' && !attributes.every((attribute) => pinned.includes(attribute))) return false;
  const sides = { before: entryOf(name, expected), after: entryOf(name, actual) };
  const { after } = sides;
  const before = change === 'added' ? undefined : sides.before;
  // An agent that does not say what may run it has not said that nothing does.
  if (after.type !== 'file' || after.mode === undefined || isExecutable(after)) return false;
  return !fileGuards.some((guard) => guard.fires(before, after));
}

function entryOf(name: string, attributes: Finding['expected']): FileEntry {
  return { ...attributes, subject: 'file', name } as unknown as FileEntry;
}
