import type { RawName } from './name.ts';
import { compilePattern } from './pattern.ts';
import type { RulesPredicate } from './rules.ts';

/** Whether the rules let the text of a file be kept and shown, if everybody may read it. */
export function openTexts({ texts = [], noTexts = [] }: Pick<RulesPredicate, 'texts' | 'noTexts'>) {
  const allowed = texts.map(compilePattern);
  const refused = noTexts.map(compilePattern);
  return (path: RawName): boolean =>
    allowed.some((matches) => matches(path)) && !refused.some((matches) => matches(path));
}
