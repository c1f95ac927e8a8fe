import { z } from 'zod';
import { Coverage } from './coverage.ts';
import { Digest } from './digest.ts';
import { Credential } from './enrolment.ts';
import { CodedError } from './errors.ts';
import { Fingerprint, SentFinding } from './finding.ts';
import { Identity, identitiesMax } from './identity.ts';
import { RulesDifference } from './rules-preview.ts';
import { Verdict } from './verdict.ts';

/** The language of agent and server. PROTOCOL.md tells it message by message; this file is what both ends enforce. */

export const subprotocol = 'pristine.v1';
/** A larger frame closes the connection with 1009 before it is buffered. */
export const frameBytesMax = 1_048_576;
export const handshakeMsMax = 10_000;
export const heartbeatEveryMs = 15_000;
/** Silent after two missed heartbeats and a grace. */
export const silentAfterMs = 2 * heartbeatEveryMs + 15_000;
/** An agent that lost its server tries again at least so often: until then a server that has just started takes nobody for silent. */
export const reconnectMsMax = 300_000;
/** Facts of one hello. */
const factsMax = 64;
/** Findings of one report part: what takes some ten milliseconds to store. In the sender `frameBytesMax` bounds it too. */
export const reportFindingsMax = 500;

/** WebSocket close codes of ours (4000–4999 are for applications, RFC 6455 §7.4.2). */
export const CloseCode = {
  /** A binary frame (RFC 6455 §7.4.1). */
  binary: 1003,
  /** Not JSON, not of the schema, or a message out of its place. */
  badMessage: 4400,
  /** Unknown key without a credential, or with one that does not hold; bad signature. Retrying will not help. */
  unauthorized: 4401,
  /** No hello within `handshakeMsMax`. */
  handshakeTimeout: 4408,
  /** A report out of order: the reason holds the expected boot and seq. Reconnect and resend from the welcome's `acked`. */
  outOfOrder: 4409,
  /** A newer connection of the same key took over. */
  replaced: 4410,
  /** The instance was retired. Retrying will not help. */
  retired: 4411,
  /** The key was revoked. Retrying will not help. */
  revoked: 4412,
  /** The server could not store it now. Retry with backoff. */
  tryLater: 4503,
} as const;

const seq = z.int().positive();
const boot = z.int().positive();
const time = z.iso.datetime({ precision: 3 });
/** What people are shown of an agent: text that no log, terminal or database reads as anything else. */
const shown = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'expected no control characters');

/** First, server to agent: a fresh random nonce, base64. */
export const Challenge = z.strictObject({ type: z.literal('challenge'), nonce: z.string().min(32).max(128) });

/** Second, agent to server. The key is the identity: nothing else in any message names the sender. */
export const Hello = z.strictObject({
  type: z.literal('hello'),
  publicKey: z.string().max(512).describe('Ed25519, SPKI PEM'),
  signature: z.string().max(256).describe('base64, over helloBytes(nonce, publicKey, next.publicKey)'),
  next: z
    .strictObject({
      publicKey: z.string().max(512),
      signature: z.string().max(256).describe('base64, by this key, over nextKeyBytes(nonce, publicKey)'),
    })
    .optional()
    .describe('the key that takes the place of this one from the welcome on'),
  enrolment: Credential.optional().describe('for the first connection of a key; ignored once the key is enrolled'),
  boot,
  image: Digest.describe('digest of the manifest this agent verified'),
  rules: z.int().positive().describe('sequence of the rules in force'),
  agentVersion: shown(64),
  facts: z
    .custom<Readonly<Record<string, string>>>(
      areFacts,
      `expected at most ${factsMax} facts, without control characters`,
    )
    .describe('hostname, kernel and such: shown to people, decides nothing'),
});

/** It ends at the first that is wrong: anybody can send a hello, and a schema that says what is wrong with each is slow. */
function areFacts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const facts = Object.entries(value);
  const isFact = ([name, text]: [string, unknown]) =>
    name !== '__proto__' && shown(64).safeParse(name).success && shown(256).safeParse(text).success;
  return facts.length <= factsMax && facts.every(isFact);
}

/** What a hello signs: a context string, so that no other signature of this key can stand for it, then nonce and key. */
export function helloBytes(nonce: string, publicKey: string, nextPublicKey = ''): Buffer {
  return Buffer.from(`${subprotocol} hello\n${nonce}\n${publicKey}${nextPublicKey}`, 'utf8');
}

/** What the next key signs, so that nobody hands an instance the key of another. */
export function nextKeyBytes(nonce: string, publicKey: string): Buffer {
  return Buffer.from(`${subprotocol} next key\n${nonce}\n${publicKey}`, 'utf8');
}

/** Third, server to agent: enrolled. `acked` is the last report stored; the spool may forget up to it. */
export const Welcome = z.strictObject({
  type: z.literal('welcome'),
  instanceId: z.string(),
  acked: z.strictObject({ boot, seq }).nullable(),
  credits: z.int().positive().max(64).describe('reports that may be on their way without an ack'),
});

/** Why some of what was is not told one by one. */
export const gapReasons = [
  /** Scans that the server could not be told of in time: their reports were made one. */
  'merged',
  /** More was spooled than the agent keeps. */
  'spool-full',
  /** Neither the disk nor memory took them. */
  'not-stored',
  /** What was spooled could not be read again. */
  'unreadable',
  /** The two ends had another order of reports. */
  'disagreement',
] as const;
export type GapReason = (typeof gapReasons)[number];

const count = z.int().nonnegative();

/** Of one reason. It is history alone that has a gap: the state is exact with the report that tells of it, or with the sweep that it is. */
export const HistoryGap = z.strictObject({
  reason: z.enum(gapReasons),
  reports: count.describe('that were made and are not told as they were; of `merged`, the scans that are told as one'),
  findings: count.describe('that had opened and closed again, and are in no report; 0 where nobody counted'),
  since: time.describe('by the agent’s clock'),
});
export type HistoryGap = z.infer<typeof HistoryGap>;

/** What became of reports before this one, told once. */
export const SpoolNote = z.strictObject({
  trouble: z.string().max(256).nullable().describe('what the agent’s disk refuses; null while it takes everything'),
  gaps: z.array(HistoryGap).max(gapReasons.length),
});
export type SpoolNote = z.infer<typeof SpoolNote>;

/**
 * A scan's result, or a part of it. `full` is a sweep, of everything or of what has changed since: its parts together list every finding that is open, and what they
 * do not list and no hole hides is closed by the last part. Otherwise `opened` and `cleared` are the differences that a
 * check of some subjects found. Every boot begins with a full report.
 */
export const ReportMessage = z.strictObject({
  type: z.literal('report'),
  boot,
  seq,
  scanId: z.uuid(),
  part: z.int().positive(),
  parts: z.int().positive().max(100_000),
  full: z.boolean(),
  image: Digest,
  rules: z.int().positive(),
  startedAt: time,
  finishedAt: time,
  opened: z.array(SentFinding).max(reportFindingsMax),
  cleared: z.array(Fingerprint).max(reportFindingsMax),
  /** On the last part of a full report: the whole. On a check: what the check looked at, with all holes now known. */
  coverage: Coverage,
  /** On the last part of a full report, once boot has settled. Those of names that a hole hides stay as they were told before. */
  identities: z.array(Identity).max(identitiesMax).optional(),
  /** On the last part of a full report: the last request of the server's that had come before this sweep began. */
  answers: z.uuid().optional(),
  spool: SpoolNote.optional(),
  /** After this part and all before it. */
  stateDigest: Digest,
});
export type ReportMessage = z.infer<typeof ReportMessage>;

/** "Still here, and my state is still this." Compared in memory; writes no row while equal. */
export const Heartbeat = z.strictObject({
  type: z.literal('heartbeat'),
  boot,
  seq: z.int().nonnegative(),
  stateDigest: Digest.nullable(),
});

/** Server to agent, only after commit: everything up to (boot, seq) is stored. */
export const Ack = z.strictObject({ type: z.literal('ack'), boot, seq });

/**
 * Server to agent: sweep soon. Sent when the two ends disagree about the state, a person asks, or something was seen from
 * outside that was not told. The report of the sweep names the `request`, so that the server knows which sweep began after it.
 */
export const ScanRequest = z.strictObject({
  type: z.literal('scan'),
  reason: z.enum(['state-mismatch', 'requested']),
  request: z.uuid().optional(),
});
export type ScanRequest = z.infer<typeof ScanRequest>;

/** Server to agent, when a person asks: make another key, and come back with it. */
export const KeyRequest = z.strictObject({ type: z.literal('rotate-key') });

/** Of a rules statement: base64 of a payload that leaves room in a frame for what is around it. */
export const rulesPayloadMax = 900_000;
/** Differences of one preview: bounded by count here and by `previewBytesMax` in the sender; all are counted. */
export const previewDifferencesMax = 1_000;
export const previewBytesMax = 262_144;

/** Server to agent: signed rules, to judge one sweep by beside those in force, or to take. The agent checks everything again. */
export const RulesOffer = z.strictObject({
  type: z.literal('rules'),
  use: z.enum(['preview', 'force']),
  envelope: z.strictObject({
    payload: z.string().max(rulesPayloadMax),
    payloadType: z.string().max(128),
    signatures: z.array(z.strictObject({ keyid: z.string().max(128), sig: z.string().max(256) })).max(16),
  }),
});
export type RulesOffer = z.infer<typeof RulesOffer>;

const offered = { digest: Digest.describe('sha256 of the payload that was offered'), use: RulesOffer.shape.use };

/** Agent to server: an offer that came to nothing, with a code of the catalogue. */
export const RulesRefused = z.strictObject({
  type: z.literal('rules-refused'),
  ...offered,
  code: z.string().max(32),
  message: z.string().max(1_000),
});
export type RulesRefused = z.infer<typeof RulesRefused>;

/** Agent to server: what the offered rules would change here. Nothing has changed. */
export const RulesPreviewed = z.strictObject({
  type: z.literal('rules-previewed'),
  digest: offered.digest,
  before: Verdict,
  after: Verdict,
  counts: z.strictObject({
    flagged: z.int().nonnegative(),
    silent: z.int().nonnegative(),
    regraded: z.int().nonnegative(),
  }),
  /** The gravest first. */
  differences: z.array(RulesDifference).max(previewDifferencesMax),
});
export type RulesPreviewed = z.infer<typeof RulesPreviewed>;
export type RulesAnswer = RulesRefused | RulesPreviewed;

export const AgentMessage = z.discriminatedUnion('type', [
  Hello,
  ReportMessage,
  Heartbeat,
  RulesRefused,
  RulesPreviewed,
]);
export type AgentMessage = z.infer<typeof AgentMessage>;
export const ServerMessage = z.discriminatedUnion('type', [
  Challenge,
  Welcome,
  Ack,
  ScanRequest,
  KeyRequest,
  RulesOffer,
]);
export type ServerMessage = z.infer<typeof ServerMessage>;

const issuesShownMax = 8;

/** Errors: PROTOCOL. */
export function parseAgentMessage(frame: string): AgentMessage {
  return parse(AgentMessage, frame);
}

/** The first message of a connection, of which nobody knows yet whose it is. Errors: PROTOCOL. */
export function parseHello(frame: string): z.infer<typeof Hello> {
  return parse(Hello, frame);
}

/** Errors: PROTOCOL. */
export function parseServerMessage(frame: string): ServerMessage {
  return parse(ServerMessage, frame);
}

function parse<S extends z.ZodType>(schema: S, frame: string): z.infer<S> {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch (cause) {
    throw new CodedError('PROTOCOL', 'expected a JSON text frame', cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // Of thousands the first will do: to put all of them into words takes longer than to find them.
  const error = new z.ZodError(result.error.issues.slice(0, issuesShownMax));
  throw new CodedError('PROTOCOL', z.prettifyError(error).slice(0, 500), error);
}
