/** The same text in fewer and larger pieces: each costs a call of the kernel. */
export function* inBatches(lines: Iterable<string>, charsMin = 65_536): Iterable<string> {
  let batch: string[] = [];
  let chars = 0;
  for (const line of lines) {
    batch.push(line);
    chars += line.length;
    if (chars < charsMin) continue;
    yield batch.join('');
    batch = [];
    chars = 0;
  }
  if (chars > 0) yield batch.join('');
}

/** Bytes as lines of UTF-8, each without its end. */
export interface Lines {
  /** Errors: a line of more bytes than that. */
  take(chunk: Buffer, lineBytesMax: number): void;
  /** Errors: the last line does not end. */
  finish(): void;
}

const newline = 10;

export function openLines(onLine: (line: string) => void): Lines {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  return {
    take(chunk, lineBytesMax) {
      let from = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
        const last = chunk.subarray(from, end);
        from = end + 1;
        if (begunBytes + last.length > lineBytesMax) throw new Error(`a line is longer than ${lineBytesMax} bytes`);
        const line = begun.length === 0 ? last : Buffer.concat([...begun, last]);
        begun = [];
        begunBytes = 0;
        onLine(line.toString('utf8'));
      }
      if (from === chunk.length) return;
      begun.push(chunk.subarray(from));
      begunBytes += chunk.length - from;
      if (begunBytes > lineBytesMax) throw new Error(`a line is longer than ${lineBytesMax} bytes`);
    },
    finish() {
      if (begunBytes > 0) throw new Error('the last line does not end');
    },
  };
}
