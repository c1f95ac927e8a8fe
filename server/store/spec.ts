import type { ApplyResult } from '../../shared/api.ts';
import { canonicalJson, type Json } from '../../shared/canonical-json.ts';
import { CodedError } from '../../shared/errors.ts';

/** What became of a declaration. */
export type Applied = Omit<ApplyResult, 'warnings'>;

/**
 * What a person declared, as stored: canonical, so that the same declaration is the same text in whatever order it was
 * written. Errors: USAGE for text that has no UTF-8 form.
 */
export function specText(spec: object): string {
  try {
    return canonicalJson(spec as Json);
  } catch (cause) {
    throw new CodedError('USAGE', 'expected well-formed Unicode, got a lone surrogate', cause);
  }
}

/** Versions count changes: the first is 1, and applying what is there already changes nothing. */
export function changeOf(
  row: { readonly spec: string; readonly version: number } | undefined,
  spec: string,
): Pick<ApplyResult, 'version' | 'result'> {
  if (row === undefined) return { version: 1, result: 'created' };
  if (row.spec === spec) return { version: row.version, result: 'unchanged' };
  return { version: row.version + 1, result: 'changed' };
}
