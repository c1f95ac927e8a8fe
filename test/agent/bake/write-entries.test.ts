import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openEntriesWriter } from '../../../agent/bake/write-entries.ts';
import { aDirectory } from '../../support/directory.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
/** Where a frame begins (RFC 8878). */
const magic = Buffer.from('28b52ffd', 'hex');

describe('entries that are written', () => {
  it.each([0, 1, 50, 3_000])('are one frame, and digested on both sides: %i times forty lines', async (writes) => {
    const file = join(aDirectory(), 'entries');
    const writer = openEntriesWriter(file);
    const lines = Array.from({ length: writes * 40 }, (_, at) => `{"name":"/${sha256(Buffer.from(`${at}`))}"}`);
    for (let at = 0; at < lines.length; at += 40) await writer.write(lines.slice(at, at + 40));
    const written = await writer.finish();

    const stored = readFileSync(file);
    const content = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    expect([stored.indexOf(magic), stored.lastIndexOf(magic)]).toEqual([0, 0]);
    expect(zstdDecompressSync(stored).equals(content)).toBe(true);
    expect(written).toEqual({
      ...{ bytes: content.length, lines: lines.length },
      ...{ sha256: sha256(content), storedSha256: sha256(stored) },
    });
  });
});
