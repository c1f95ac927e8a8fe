import { redacted, redactedWords } from '../../secrets/redact.ts';
import type { Repository } from './apt-sources.ts';
import { linesOf, normalised, trimmed, wordsOf } from './lines.ts';

/** dnf.conf(5), zypper(8): `[id]`, then `key=value`; an indented line goes on. A section twice is one, as there. */
export function parseRepositoryFile(text: string, kind: string): readonly Repository[] {
  const sections = new Map<string, Map<string, string[]>>();
  const open = (id: string) => {
    const known = sections.get(id) ?? new Map<string, string[]>();
    sections.set(id, known);
    return known;
  };
  let section: Map<string, string[]> | undefined;
  let value: string[] | undefined;
  for (const line of linesOf(text)) {
    const said = trimmed(line);
    if (said === '' || said.startsWith('#') || said.startsWith(';')) continue;
    if (said.startsWith('[')) {
      const end = said.indexOf(']');
      section = open(said.slice(1, end === -1 ? undefined : end));
      value = undefined;
    } else if (line[0] === ' ' || line[0] === '\t') value?.push(said);
    else {
      const equals = said.indexOf('=');
      value = [equals === -1 ? '' : said.slice(equals + 1)];
      section ??= open('');
      section.set(normalised(equals === -1 ? said : said.slice(0, equals)).toLowerCase(), value);
    }
  }
  return [...sections].map(([id, said]) => ({
    name: `${kind} ${id}`.trimEnd(),
    enabled: !/^(?:0|no|false|off)$/i.test(normalised((said.get('enabled') ?? ['1']).join(' '))),
    options: [...said]
      .filter(([key]) => key !== 'enabled')
      .map(([key, lines]) => redacted(`${key}=${normalised(lines.join(' '))}`, 'plain'))
      .sort(),
  }));
}

/** apk-repositories(5): a place, or `@tag place`. */
export function parseApkRepositories(text: string): readonly Repository[] {
  return linesOf(text).flatMap((line) => {
    const words = wordsOf(line);
    if (words.length === 0 || words[0]!.startsWith('#')) return [];
    const options = words.filter((word) => word.startsWith('@')).map((tag) => `tag=${tag.slice(1)}`);
    const places = redactedWords(
      words.filter((word) => !word.startsWith('@')),
      'plain',
    );
    return [{ name: ['apk', ...places].join(' '), enabled: true, options }];
  });
}
