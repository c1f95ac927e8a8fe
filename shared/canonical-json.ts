/** What RFC 8785 can serialise. Numbers must be finite; ours are counts, never sizes (those are decimal strings). */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * RFC 8785 JSON Canonicalization Scheme: keys sorted by UTF-16 code units, ECMAScript numbers and strings, no blanks.
 * Members that are `undefined` are left out, as in JSON.stringify. Throws TypeError for a number that is not finite
 * and for a lone surrogate (RFC 8785 §3.2.2.2), which has no UTF-8 form.
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('a lone surrogate has no canonical form');
    return JSON.stringify(value);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`no canonical form for ${value}`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isArray(value)) {
    // Of strings alone, there is nothing to sort: a hundred thousand fingerprints are one call.
    return value.every(isWellFormed) ? JSON.stringify(value) : `[${value.map(canonicalJson).join(',')}]`;
  }
  const members = Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${canonicalJson(key)}:${canonicalJson(value[key]!)}`);
  return `{${members.join(',')}}`;
}

function isWellFormed(value: Json): boolean {
  return typeof value === 'string' && value.isWellFormed();
}

function isArray(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
