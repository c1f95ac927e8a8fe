import type { RawName } from '../../../shared/name.ts';
import type { Reader } from './collector.ts';
import { globPaths } from './glob.ts';
import { lowerAscii } from './lines.ts';
import { regularText } from './regular-file.ts';

const places = ['/etc/ssh/sshd_config', '/usr/etc/ssh/sshd_config'];
const directory = '/etc/ssh';
/** As sshd itself. */
const includeDepthMax = 16;
const filesMax = 1_024;
const keyFilesMax = 1_024;

/**
 * Every value of `AuthorizedKeysFile` in sshd_config(5) and what it includes, whatever `Match` stands above and whichever
 * comes first: a key that some condition lets in is a key.
 */
export function keyFilesOfSshd(reader: Reader): readonly RawName[] {
  const keyFiles = new Set<RawName>();
  const seen = new Set<RawName>();
  const read = (file: RawName, depth: number): void => {
    if (seen.has(file) || seen.size === filesMax || depth > includeDepthMax) return;
    seen.add(file);
    for (const { keyword, values } of parseSshdConfig(regularText(reader, file) ?? '')) {
      if (keyword === 'authorizedkeysfile') for (const value of values) keyFiles.add(value);
      if (keyword !== 'include') continue;
      for (const value of values) {
        for (const path of globPaths(reader, value.startsWith('/') ? value : `${directory}/${value}`)) {
          read(path, depth + 1);
        }
      }
    }
  };
  for (const place of places) read(place, 0);
  return [...keyFiles].filter((value) => lowerAscii(value) !== 'none').slice(0, keyFilesMax);
}

interface Directive {
  readonly keyword: string;
  readonly values: readonly RawName[];
}

/** A keyword in any case, a blank or `=`, and values that may be quoted. */
export function parseSshdConfig(text: string): readonly Directive[] {
  return text.split('\n').flatMap((line) => {
    const [keyword, ...values] = valuesOf(line);
    return keyword === undefined ? [] : [{ keyword: lowerAscii(keyword), values }];
  });
}

/** The words of a line up to a comment: quotes keep blanks and `#`, a backslash keeps a quote or a backslash. */
function valuesOf(line: string): readonly RawName[] {
  const values: RawName[] = [];
  let value: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    const isSeparator = ' \t\r\f'.includes(char) || (char === '=' && values.length === (value === undefined ? 1 : 0));
    if (quote === '' && isSeparator) {
      if (value !== undefined) values.push(value);
      value = undefined;
    } else if (quote === '' && char === '#' && value === undefined) {
      break;
    } else if (char === quote) {
      quote = '';
    } else if (quote === '' && (char === '"' || char === "'")) {
      quote = char;
      value ??= '';
    } else {
      if (char === '\\' && /["'\\]/.test(line[at + 1] ?? '')) at += 1;
      value = (value ?? '') + line[at];
    }
  }
  return value === undefined ? values : [...values, value];
}
