import { redacted, redactedWords } from '../../secrets/redact.ts';
import { linesOf, normalised, trimmed, wordsOf } from './lines.ts';

/** A place that packages come from, and secrets redacted. */
export interface Repository {
  readonly name: string;
  readonly enabled: boolean;
  /** `components=main contrib`, `signed-by=/usr/share/keyrings/x.gpg`. */
  readonly options: readonly string[];
}

/** sources.list(5), the one-line style: `deb [arch=amd64 trusted=yes] http://… bookworm main`. */
export function parseSourcesList(text: string): readonly Repository[] {
  return linesOf(text).flatMap((raw) => {
    const comment = raw.indexOf('#');
    const line = redacted(trimmed(comment === -1 ? raw : raw.slice(0, comment)), 'plain');
    if (line === '') return [];
    const [kind = '', ...rest] = wordsOf(line);
    const { options, words } = splitOptions(rest);
    const [place, suite, ...components] = words;
    if ((kind !== 'deb' && kind !== 'deb-src') || place === undefined || suite === undefined) {
      return [{ name: normalised(line), enabled: true, options: [] }];
    }
    const said = components.length > 0 ? [`components=${components.join(' ')}`] : [];
    return [{ name: nameOf(kind, place, suite), enabled: true, options: [...options, ...said].sort() }];
  });
}

/** The words between brackets, which may stand apart from them. */
function splitOptions(rest: readonly string[]): {
  readonly options: readonly string[];
  readonly words: readonly string[];
} {
  if (!rest[0]?.startsWith('[')) return { options: [], words: rest };
  const end = rest.findIndex((word) => word.endsWith(']'));
  if (end === -1) return { options: [], words: [] };
  const inside = rest
    .slice(0, end + 1)
    .join(' ')
    .slice(1, -1);
  return {
    options: wordsOf(inside).map((option) => {
      const equals = option.indexOf('=');
      return equals === -1 ? option : option.slice(0, equals).toLowerCase() + option.slice(equals);
    }),
    words: rest.slice(end + 1),
  };
}

const placesMax = 1_000;

/** The deb822 style: each type of each suite of each place is one. A paragraph without those is kept by its first line. */
export function parseDeb822Sources(text: string): readonly Repository[] {
  return paragraphsOf(text).flatMap((fields) => {
    const words = (key: string) => wordsOf(fields.get(key) ?? '');
    const enabled = !/^(?:no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? 'yes');
    const options = [...fields]
      .filter(([key]) => !['types', 'uris', 'suites', 'enabled'].includes(key))
      .map(([key, value]) => redacted(`${key}=${normalised(value)}`, 'plain'))
      .sort();
    const places = redactedWords(words('uris'), 'plain');
    const [types, suites] = [words('types'), words('suites')];
    const count = types.length * places.length * suites.length;
    if (count === 0 || count > placesMax) {
      const said = ['types', 'uris', 'suites'].map((key) => normalised(fields.get(key) ?? ''));
      return [{ name: redacted(normalised(`deb822 ${said.join(' ')}`), 'plain'), enabled, options }];
    }
    return types.flatMap((type) =>
      places.flatMap((place) => suites.map((suite) => ({ name: nameOf(type, place, suite), enabled, options }))),
    );
  });
}

function paragraphsOf(text: string): readonly ReadonlyMap<string, string>[] {
  const paragraphs: Map<string, string[]>[] = [];
  let fields = new Map<string, string[]>();
  let value: string[] | undefined;
  for (const line of [...linesOf(text), '']) {
    if (trimmed(line) === '') {
      if (fields.size > 0) paragraphs.push(fields);
      fields = new Map();
      value = undefined;
    } else if (line.startsWith('#')) continue;
    else if (line[0] === ' ' || line[0] === '\t') value?.push(line);
    else {
      const colon = line.indexOf(':');
      value = [colon === -1 ? '' : line.slice(colon + 1)];
      fields.set(normalised(colon === -1 ? line : line.slice(0, colon)).toLowerCase(), value);
    }
  }
  return paragraphs.map((each) => new Map([...each].map(([key, lines]) => [key, trimmed(lines.join('\n'))])));
}

function nameOf(kind: string, place: string, suite: string): string {
  return `${kind} ${place} ${suite}`;
}
