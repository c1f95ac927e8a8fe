import type { RawName } from '../../../shared/name.ts';
import { boundedList, boundedText, writtenChars } from './bounded.ts';

const filesCharsMax = 8_192;

/** A raw fact that fits into a line of a manifest, so that nothing that anybody writes into a file makes a hole. */
export function boundFact<T extends object>(fact: T): T {
  const members = Object.entries(fact).map(([key, value]) => {
    if (key === 'files') return [key, boundFiles(value)];
    if (typeof value === 'string') return [key, boundedText(value)];
    return [key, Array.isArray(value) ? boundedList(value) : value];
  });
  return Object.fromEntries(members) as T;
}

/** Of very many files the first say enough: what they say is one fact. Paths stay whole, since rules are about them. */
export function boundFiles(files: readonly RawName[]): readonly RawName[] {
  let left = filesCharsMax;
  const past = files.findIndex((file) => {
    left -= writtenChars(file) + 3;
    return left < 0;
  });
  return past === -1 ? files : files.slice(0, Math.max(1, past));
}
