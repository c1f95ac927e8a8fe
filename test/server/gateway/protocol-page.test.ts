import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { proveHello } from '../../../server/intake/hello.ts';
import { fingerprintOf } from '../../../shared/finding.ts';
import { CloseCode, parseAgentMessage, parseServerMessage } from '../../../shared/protocol.ts';

const page = readFileSync(join(import.meta.dirname, '../../../shared/PROTOCOL.md'), 'utf8');
const transcript = page.match(/^(?:S→A|A→S) .*$/gm)!.map((line) => [line.slice(0, 3), line.slice(4)] as const);
const isClose = (text: string) => text.startsWith('{"type":"closed"');

describe('PROTOCOL.md', () => {
  it.each(transcript.filter(([, text]) => !isClose(text)))('shows a valid message %s %s', (direction, text) => {
    if (direction === 'A→S') parseAgentMessage(text);
    else parseServerMessage(text);
  });

  it('shows a hello whose signature holds, and fingerprints that are right', () => {
    const messages = transcript.map(([, text]) => JSON.parse(text));

    const hello = messages.find((message) => message.type === 'hello');
    expect(proveHello(hello, messages[0].nonce).keyId).toMatch(/^sha256:/);
    const findings = messages.flatMap((message) => message.opened ?? []);
    expect(findings.map(fingerprintOf)).toEqual(findings.map((finding) => finding.fingerprint));
  });

  it('explains every close code of ours', () => {
    const explained = page.match(/^\| (\d{4}[, \d]*) \|/gm)!.flatMap((row) => row.match(/\d{4}/g)!.map(Number));

    expect(explained).toEqual(expect.arrayContaining(Object.values(CloseCode)));
  });
});
