/** What the fleet screen shows, kept in the address: lists are words with commas between. */
export interface FleetSearch {
  readonly group?: string;
  readonly content?: string;
  readonly liveness?: string;
  readonly currency?: string;
  readonly lifecycle?: string;
  readonly only?: string;
  readonly q?: string;
  /** A column's id, `-` before it for descending. Without it: what needs attention first. */
  readonly sort?: string;
}

const searchKeys = ['group', 'content', 'liveness', 'currency', 'lifecycle', 'only', 'q', 'sort'] as const;
const valueCharactersMax = 256;

/** Keeps what the screen knows; an unknown word in a list filters nothing out by itself, it is simply no chip. */
export function readFleetSearch(raw: Record<string, unknown>): FleetSearch {
  return Object.fromEntries(
    searchKeys.flatMap((key) => {
      const value = raw[key];
      return typeof value === 'string' && value !== '' ? [[key, value.slice(0, valueCharactersMax)]] : [];
    }),
  );
}

export function wordsOf(list: string | undefined): readonly string[] {
  return list === undefined || list === '' ? [] : list.split(',');
}

/** The list with this word taken out, or put in; undefined when nothing is left. */
export function toggled(list: string | undefined, word: string): string | undefined {
  const words = wordsOf(list);
  const next = words.includes(word) ? words.filter((other) => other !== word) : [...words, word];
  return next.length === 0 ? undefined : next.join(',');
}
