import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportedPercentMin } from '../../../server/fleet/absence.ts';
import { fragmentsMax } from '../../../server/gateway/gateway.ts';
import { gatewayLimits } from '../../../server/gateway/limits.ts';
import { openFindingsMax } from '../../../server/intake/apply-report.ts';
import { attemptLimits } from '../../../server/intake/enrolment/attempts.ts';
import { proveHello } from '../../../server/intake/hello.ts';
import { rulesGraceMs } from '../../../server/intake/other-rules.ts';
import { agentHolesMax } from '../../../server/intake/refuse-contradictions.ts';
import { actorsMax } from '../../../shared/actor.ts';
import { fingerprintOf } from '../../../shared/finding.ts';
import { identitiesMax } from '../../../shared/identity.ts';
import {
  CloseCode,
  frameBytesMax,
  handshakeMsMax,
  heartbeatEveryMs,
  parseAgentMessage,
  parseServerMessage,
  previewBytesMax,
  previewDifferencesMax,
  reconnectMsMax,
  reportFindingsMax,
  rulesPayloadMax,
  silentAfterMs,
} from '../../../shared/protocol.ts';
import { diffCharsMax } from '../../../shared/text-diff.ts';

const page = readFileSync(join(import.meta.dirname, '../../../shared/PROTOCOL.md'), 'utf8');
const transcript = page.match(/^(?:S→A|A→S) .*$/gm)!.map((line) => [line.slice(0, 3), line.slice(4)] as const);
const mib = 1_048_576;
const limits = gatewayLimits;
const inWords = (number: number) => number.toLocaleString('en-US');
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

  it.each([
    `at most ${frameBytesMax / mib} MiB`,
    `second, once, within ${handshakeMsMax / 1_000} s`,
    `server, every ${heartbeatEveryMs / 1_000} s`,
    `heard for ${silentAfterMs / 1_000} s is silent`,
    `longest backoff (${reconnectMsMax / 1_000} s)`,
    `${reportFindingsMax} findings opened, and ${reportFindingsMax} cleared, a part`,
    `more than ${inWords(agentHolesMax)} holes`,
    `more than ${inWords(openFindingsMax)} open findings`,
    `(${limits.bytesPerSecond / 1_024} KiB/s, ${limits.burstBytes / mib} MiB at once; `,
    `${limits.burstWorkMs / 1_000} s at once`,
    `up to ${fragmentsMax} fragments`,
    `${limits.upgradesPerSecond} upgrades a second (${limits.burstUpgrades} at once), and ${inWords(limits.handshakesMax)} connections`,
    `one after another at that rate, at most ${limits.retryAfterMsMax / 1_000}.`,
    `(${limits.unsentBytesMax / 1_024} KiB wait for it)`,
    `answers it within ${limits.copyProbeMs / 1_000} s`,
    `(${attemptLimits.refusalsMax} times, less two a second)`,
    `from ${rulesGraceMs / 60_000} minutes after`,
    `at most ${identitiesMax}.`,
    `at most ${actorsMax} processes`,
    `at most ${inWords(diffCharsMax)} characters`,
    `${inWords(rulesPayloadMax)} characters of payload`,
    `at most ${inWords(previewDifferencesMax)} and ${previewBytesMax / 1_024} KiB`,
    `replaces nobody before\n${reportedPercentMin} %`,
  ])('names the limit that holds: %s', (said) => {
    expect(page).toContain(said);
  });

  it('explains every close code of ours', () => {
    const explained = page.match(/^\| (\d{4}[, \d]*) \|/gm)!.flatMap((row) => row.match(/\d{4}/g)!.map(Number));

    expect(explained).toEqual(expect.arrayContaining(Object.values(CloseCode)));
  });
});
