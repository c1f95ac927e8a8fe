import type { RawName } from '../../../shared/name.ts';

/**
 * The lines of sudoers(5) that say something: comments gone, continued lines joined, each run of blanks one blank, and
 * `#include` written `@include`. Quoted and escaped text stands as it is. One pass, byte by byte, as sudo's own lexer.
 */
export function sudoersLines(text: string): readonly RawName[] {
  const lines: RawName[] = [];
  let line = '';
  let isQuoted = false;
  let isBlankBefore = false;
  const add = (piece: string) => {
    line += isBlankBefore && line !== '' ? ` ${piece}` : piece;
    isBlankBefore = false;
  };
  const end = () => {
    if (line !== '') lines.push(line);
    line = '';
    isQuoted = false;
    isBlankBefore = false;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    const newline = char === '\\' ? continuedAt(text, at + 1) : undefined;
    if (char === '\n') {
      end();
    } else if (newline !== undefined) {
      at = isQuoted ? blanksEnd(text, newline + 1) - 1 : newline;
      isBlankBefore ||= !isQuoted;
    } else if (char === '\\') {
      // What ends the line is looked at again.
      const escaped = text[at + 1] === '\n' ? '' : (text[at + 1] ?? '');
      add(char + escaped);
      at += escaped.length;
    } else if (isQuoted) {
      line += char;
      isQuoted = char !== '"';
    } else if (char === '#' && line === '' && /^#include(?:dir)?[ \t]/.test(text.slice(at, at + 12))) {
      add('@');
    } else if (char === '#' && !isId(text, at)) {
      // A comment is not continued, whatever it ends with.
      const newlineAt = text.indexOf('\n', at);
      at = (newlineAt === -1 ? text.length : newlineAt) - 1;
    } else if (isBlank(char)) {
      isBlankBefore = true;
    } else {
      add(char);
      isQuoted = char === '"';
    }
  }
  end();
  return lines;
}

/** `#1000` is a user or a group by number. */
function isId(text: string, at: number): boolean {
  return /^-?\d/.test(text.slice(at + 1, at + 3));
}

/** The newline that a backslash takes away: blanks may stand between them. */
function continuedAt(text: string, from: number): number | undefined {
  let at = blanksEnd(text, from);
  if (text[at] === '\r') at += 1;
  return text[at] === '\n' ? at : undefined;
}

function blanksEnd(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\v' || char === '\f';
}
