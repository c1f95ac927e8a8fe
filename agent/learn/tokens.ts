import type { Name } from '../../shared/name.ts';

/** What one instance calls itself: its machine id, its host name. */
export type Words = readonly string[];

/**
 * A name as a pattern: exactly itself, since what stands for more in patterns is written as a class. Braces have no writing
 * in patterns, so that any one byte stands for each.
 */
export function literalPattern(name: Name): string {
  return name.replace(/[*?[\]]/g, '[$&]').replace(/[{}]/g, '?');
}

/**
 * The same name as any instance would have it: ids that are made anew on each become wildcards of their own alphabet and
 * length, within their segment. Without such an id it is the literal pattern.
 */
export function generalPattern(name: Name, words: Words): string {
  return name
    .split('/')
    .map((segment) => generalSegment(segment, words))
    .join('/');
}

const wordCharsMin = 3;

function generalSegment(segment: string, words: Words): string {
  for (const word of words) {
    const at = word.length < wordCharsMin ? -1 : segment.indexOf(word);
    if (at === -1) continue;
    const shape = /^[0-9a-f]{32}$/.test(word) ? '[0-9a-f]'.repeat(32) : '*';
    return joined(generalIds(segment.slice(0, at)), shape, generalIds(segment.slice(at + word.length)));
  }
  return generalIds(segment);
}

/** Longest first. What stands beside letters or digits is part of a longer word, and no id. */
const ids =
  /(?<![0-9a-z])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|iid-[\w.-]+|i-[0-9a-f]{8,17}|(?=[0-9a-f]*\d)[0-9a-f]{12}|\d{4,})(?![0-9a-z])/i;

function generalIds(text: string): string {
  const found = ids.exec(text);
  if (found === null) return literalPattern(text);
  const [id] = found;
  return joined(
    literalPattern(text.slice(0, found.index)),
    shapeOf(id),
    generalIds(text.slice(found.index + id.length)),
  );
}

function shapeOf(id: string): string {
  if (id.toLowerCase().startsWith('iid-')) return `${id.slice(0, 4)}*`;
  // A process id grows in length; a time stamp does not within our lives.
  if (/^\d{4,7}$/.test(id)) return '[0-9]*';
  const instance = /^i-/i.test(id) ? id.slice(0, 2) : '';
  const isDecimal = /^\d+$/.test(id) && id.length !== 12 && id.length !== 32;
  const digits = isDecimal ? '[0-9]' : /[A-F]/.test(id) ? '[0-9A-F]' : '[0-9a-f]';
  return instance + id.slice(instance.length).replace(/[0-9a-f]/gi, digits);
}

/** Two stars side by side would mean something else. */
function joined(...parts: readonly string[]): string {
  return parts.join('').replace(/\*{2,}/g, '*');
}
