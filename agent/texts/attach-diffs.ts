import { digestOf } from '../../shared/digest.ts';
import type { Attributes } from '../../shared/entry.ts';
import type { Finding } from '../../shared/finding.ts';
import { rawName } from '../../shared/name.ts';
import { gravestFirst } from '../../shared/severity.ts';
import { type TextDiff, textLinesMax, type Withheld } from '../../shared/text-diff.ts';
import { openTexts } from '../../shared/texts.ts';
import type { Composition } from '../check/composition.ts';
import type { Manifest } from '../check/open-manifest.ts';
import type { Root } from '../collect/root.ts';
import { readBakedText } from './baked-texts.ts';
import { readPublic, reasonToWithhold, textOf } from './public-text.ts';

/** Diffs of one scan: of the gravest findings. The others say that there are too many. */
const diffsMax = 32;

/**
 * The findings, with a diff on each that is about the content of a text which the rules let be shown and everybody may read.
 * `read` gives a look at the root, perhaps more than once. A clean scan does nothing here. Errors: those of `read`.
 */
export async function attachDiffs(
  findings: readonly Finding[],
  { rules, directories }: Pick<Manifest, 'rules'> & Pick<Composition, 'directories'>,
  read: (
    look: (root: Root) => ReadonlyMap<Finding, Buffer | Withheld>,
  ) => Promise<ReadonlyMap<Finding, Buffer | Withheld>>,
): Promise<readonly Finding[]> {
  const about = findings.filter(isAboutContent);
  if (about.length === 0) return findings;
  const isText = openTexts(rules);
  const texts = about.filter(({ name }) => isText(rawName(name))).sort(gravestFirst);
  const shown = texts.slice(0, diffsMax);
  if (shown.length === 0) return findings;

  const present = await read((root) => new Map(shown.map((finding) => [finding, presentText(root, finding)])));
  const { diffTexts } = await import('./text-diff.ts');
  const diffs = new Map<Finding, TextDiff>(texts.map((finding) => [finding, { withheld: 'too-many' }]));
  for (const finding of shown) {
    const before = sideText(finding.expected, ({ content }) => readBakedText(directories, String(content)));
    const after = sideText(finding.actual, () => present.get(finding)!);
    const reason = before.withheld ?? after.withheld;
    diffs.set(finding, reason === undefined ? diffTexts(before.text, after.text, finding.name) : { withheld: reason });
  }
  return findings.map((finding) => (diffs.has(finding) ? { ...finding, diff: diffs.get(finding)! } : finding));
}

function isAboutContent({ subject, change, attributes, expected, actual }: Finding): boolean {
  if (subject !== 'file') return false;
  if (change === 'modified') return attributes.includes('content');
  return (change === 'added' ? actual : expected)['type'] === 'file';
}

/** Empty for a finding of what is gone. It is read again, so it must be what was found: the same bytes, or none. */
function presentText(root: Root, { name, actual, change }: Finding): Buffer | Withheld {
  if (change === 'removed') return Buffer.alloc(0);
  const reason = reasonToWithhold(actual);
  if (reason !== undefined) return reason;
  const bytes = readPublic(root, rawName(name));
  return typeof bytes === 'string' || digestOf(bytes) === actual['content'] ? bytes : 'changed';
}

/** One side of a diff: no text where there was or is no file. */
function sideText(
  side: Attributes,
  read: (side: Attributes) => Buffer | Withheld,
): { readonly text?: string; readonly withheld?: Withheld } {
  if (side['type'] === undefined) return {};
  const bytes = reasonToWithhold(side) ?? read(side);
  if (typeof bytes === 'string') return { withheld: bytes };
  const text = textOf(bytes);
  if (text === undefined) return { withheld: 'not-text' };
  return text.split('\n').length > textLinesMax ? { withheld: 'too-large' } : { text };
}
