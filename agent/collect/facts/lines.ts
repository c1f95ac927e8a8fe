/** Lines in which a backslash at the end joins the next one, as shells and modprobe.d(5) read. */
export function joinedLines(text: string): readonly string[] {
  const lines: string[] = [];
  let begun: string[] = [];
  for (const line of linesOf(text)) {
    if (line.endsWith('\\')) begun.push(line.slice(0, -1));
    else {
      lines.push([...begun, line].join(''));
      begun = [];
    }
  }
  return begun.length > 0 ? [...lines, begun.join('')] : lines;
}

/** Without the carriage returns that an editor left at their ends. */
export function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** Words between ASCII blanks: of latin1's other blanks each may be half a letter in UTF-8. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/[ \t\r\n\v\f]+/).filter((word) => word !== '');
}

export function normalised(text: string): string {
  return wordsOf(text).join(' ');
}

/** As `trim`, of ASCII blanks only, in linear time. */
export function trimmed(text: string): string {
  const from = trimmedStart(text);
  let end = from.length;
  while (end > 0 && isBlank(from.charCodeAt(end - 1))) end--;
  return from.slice(0, end);
}

export function trimmedStart(text: string): string {
  let start = 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start++;
  return text.slice(start);
}

/** `toLowerCase` would change the bytes of other alphabets. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
