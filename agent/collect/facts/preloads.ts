import type { RawName } from '../../../shared/name.ts';
import type { Collector } from './collector.ts';
import { regularText } from './regular-file.ts';

const preloadFile = '/etc/ld.so.preload';

/** Libraries that ld.so(8) loads into every program. */
export const preloads: Collector<'preload'> = {
  subject: 'preload',
  reads: [preloadFile],
  collect: (reader) =>
    [...new Set(parsePreload(regularText(reader, preloadFile) ?? ''))].map((name) => ({
      subject: 'preload',
      name,
      files: [preloadFile],
    })),
};

/** Names between blanks or colons; a comment ends with its line. */
export function parsePreload(text: string): readonly RawName[] {
  return text
    .split('\n')
    .flatMap((line) => untilHash(line).split(/[ \t\r\v\f:]+/))
    .filter((name) => name !== '');
}

export function untilHash(line: string): string {
  const hash = line.indexOf('#');
  return hash === -1 ? line : line.slice(0, hash);
}
