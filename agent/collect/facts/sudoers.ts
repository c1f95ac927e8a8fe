import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { redacted } from '../../secrets/redact.ts';
import type { Collector, Reader } from './collector.ts';
import { normalPath } from './config-files.ts';
import { namesIn, regularFile, regularText } from './regular-file.ts';
import { sudoersLines } from './sudoers-lines.ts';

/** The second is the vendor's, read where the first is missing. */
const places = ['/etc/sudoers', '/usr/etc/sudoers'];
/** Looked at even if nothing includes it: what lies here is meant to be a rule. */
const usualDirectory = '/etc/sudoers.d';
/** As sudo itself. */
const includeDepthMax = 128;
const filesMax = 4_096;

/**
 * sudoers(5): each line that says something, Defaults, aliases and includes too, whitespace and comments taken out. The
 * order of lines is left to the finding about the file.
 */
export const sudoers: Collector<'sudoers'> = {
  subject: 'sudoers',
  reads: ['/etc/sudoers', '/etc/sudoers.d/**', '/usr/etc/sudoers', '/usr/etc/sudoers.d/**'],
  collect: (reader) => {
    const start = places.find((place) => regularFile(reader, place) !== undefined);
    return rulesOf(reader, [...(start === undefined ? [] : [start]), ...filesIn(reader, usualDirectory)]);
  },
};

/** Each file once: a loop ends, and what is included twice says nothing new. */
function rulesOf(reader: Reader, starts: readonly RawName[]): readonly FactOf<'sudoers'>[] {
  const facts: FactOf<'sudoers'>[] = [];
  const seen = new Set<RawName>();
  const read = (file: RawName, depth: number): void => {
    if (seen.has(file) || seen.size === filesMax || depth > includeDepthMax) return;
    seen.add(file);
    for (const line of sudoersLines(regularText(reader, file) ?? '')) {
      facts.push({ subject: 'sudoers', name: redacted(line, 'sudoers'), files: [normalPath(file)] });
      for (const included of includedBy(reader, line, file)) read(included, depth + 1);
    }
  };
  for (const start of starts) read(start, 0);
  return facts;
}

function includedBy(reader: Reader, line: RawName, file: RawName): readonly RawName[] {
  const include = parseInclude(line);
  if (include === undefined) return [];
  const path = include.path.startsWith('/') ? include.path : `${file.slice(0, file.lastIndexOf('/'))}/${include.path}`;
  if (!include.isDirectory) return [path];
  return filesIn(reader, path);
}

function filesIn(reader: Reader, directory: RawName): readonly RawName[] {
  const names = namesIn(reader, directory).filter(isReadFromDirectory);
  return names.map((name) => `${directory.replace(/\/$/, '')}/${name}`);
}

/** Editors and package managers leave such names behind, so sudo passes them over. */
export function isReadFromDirectory(name: RawName): boolean {
  return !name.includes('.') && !name.endsWith('~');
}

/** Of a line as `sudoersLines` gives it. A path with `%h`, the host's name, stays a line: the host is not known here. */
export function parseInclude(line: RawName): { readonly path: RawName; readonly isDirectory: boolean } | undefined {
  const found = /^@include(dir)? ("?)(.+)$/s.exec(line);
  if (found === null) return undefined;
  const [, directory, quote, rest = ''] = found;
  const path = quote === '' ? rest.replace(/\\(.)/g, '$1') : rest.replace(/".*$/s, '');
  return { path, isDirectory: directory !== undefined };
}
