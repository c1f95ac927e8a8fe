import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import type { Collector, Reader } from './collector.ts';
import { normalPath } from './config-files.ts';
import { globPaths } from './glob.ts';
import { trimmed, wordsOf } from './lines.ts';
import { untilHash } from './preloads.ts';
import { namesIn, regularFile, regularText } from './regular-file.ts';

const startFile = '/etc/ld.so.conf';
const includeDepthMax = 32;
const filesMax = 4_096;

/** Where programs look for their libraries, in order: ld.so.conf of ldconfig(8), and the path file of musl. */
export const libraryPaths: Collector<'library-path'> = {
  subject: 'library-path',
  reads: [startFile, '/etc/ld.so.conf.d/*', '/etc/ld-musl-*.path'],
  collect: (reader) => [...pathOfGlibc(reader), ...pathsOfMusl(reader)],
};

function pathOfGlibc(reader: Reader): readonly FactOf<'library-path'>[] {
  if (regularFile(reader, startFile) === undefined) return [];
  const directories: RawName[] = [];
  const files = new Set<RawName>();
  const read = (file: RawName, depth: number): void => {
    if (files.has(file) || files.size === filesMax || depth > includeDepthMax) return;
    const text = regularText(reader, file);
    if (text === undefined) return;
    files.add(file);
    for (const line of parseLdSoConf(text)) {
      if ('directory' in line) directories.push(line.directory);
      else
        for (const path of line.include.flatMap((pattern) => globPaths(reader, beside(file, pattern))))
          read(path, depth + 1);
    }
  };
  read(startFile, 0);
  return [
    { subject: 'library-path', name: startFile, directories, files: [...new Set([...files].map(normalPath))].sort() },
  ];
}

function beside(file: RawName, pattern: RawName): RawName {
  return pattern.startsWith('/') ? pattern : `${file.slice(0, file.lastIndexOf('/'))}/${pattern}`;
}

type Line = { readonly directory: RawName } | { readonly include: readonly RawName[] };

/** A line is a directory, blanks in it included, or patterns of files to read here. A `hwcap` line says nothing today. */
export function parseLdSoConf(text: string): readonly Line[] {
  return text.split('\n').flatMap((raw): readonly Line[] => {
    const line = trimmed(untilHash(raw));
    const [first, ...rest] = wordsOf(line);
    if (first === undefined || (first === 'hwcap' && rest.length > 0)) return [];
    return [first === 'include' && rest.length > 0 ? { include: rest } : { directory: line }];
  });
}

/** musl's ld.so: one file an architecture, directories between newlines or colons. */
function pathsOfMusl(reader: Reader): readonly FactOf<'library-path'>[] {
  return namesIn(reader, '/etc')
    .filter((name) => name.startsWith('ld-musl-') && name.endsWith('.path'))
    .flatMap((name): readonly FactOf<'library-path'>[] => {
      const file = `/etc/${name}`;
      const text = regularText(reader, file);
      const directories = (text ?? '').split(/[\n:]/).filter((directory) => directory !== '');
      return text === undefined ? [] : [{ subject: 'library-path', name: file, directories, files: [file] }];
    });
}
