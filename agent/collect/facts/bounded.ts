import { createHash } from 'node:crypto';

/** Seven texts or lists of this size, written, fit into the 64 KiB of a line. */
const charsMax = 8_192;

/**
 * Text that fits into a line of a manifest: of a longer one the beginning and the digest of all of it, so that every
 * change is still seen. Without this, a megabyte in a crontab would be a hole, and a hole leaves nothing to bake.
 */
export function boundedText(text: string, max = charsMax): string {
  if (text.length * 5 <= max || writtenChars(text) <= max) return text;
  return `${text.slice(0, Math.floor(max / 5) - 40)}... (${text.length} bytes, sha256:${sha256(text)})`;
}

/** The same for a list: its first items, and one that stands for the rest. */
export function boundedList(items: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let chars = 0;
  for (const item of items) {
    const text = boundedText(item, charsMax / 2);
    chars += writtenChars(text) + 3;
    if (chars > charsMax) {
      const rest = items.slice(kept.length);
      const digest = sha256(rest.map((left) => `${left.length}:${left}`).join(''));
      return [...kept, `... (${rest.length} more, sha256:${digest})`];
    }
    kept.push(text);
  }
  return kept;
}

/** At most so many characters stand for the bytes in JSON: `\xNN` for one that cannot be shown, its backslash doubled. */
export function writtenChars(text: string): number {
  let chars = text.length;
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at);
    if (byte < 0x20 || byte > 0x7e) chars += 4;
    else if (byte === 0x5c) chars += 3;
    else if (byte === 0x22) chars += 1;
  }
  return chars;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}
