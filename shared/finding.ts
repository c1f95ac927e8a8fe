import { z } from 'zod';
import { Actor, actorsMax } from './actor.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import { sha256Hex } from './digest.ts';
import { Severity } from './severity.ts';
import { TextDiff } from './text-diff.ts';

export const Change = z.enum(['added', 'removed', 'modified']).meta({ id: 'Change' });
export type Change = z.infer<typeof Change>;

export const Fingerprint = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');

/** Counted no further. */
export const changesMax = 2 ** 31 - 1;

const text = z.string().max(65_536);
const attributeValue = z.union([
  text,
  z.number(),
  z.array(text).max(16_384).readonly(),
  z.record(text, text).readonly(),
]);
export const FindingAttributes = z.record(z.string().max(64), attributeValue).readonly();

/** One difference between entry and observation. `attributes` lists those that differ; for added and removed, all there are. */
export const Finding = z
  .strictObject({
    fingerprint: Fingerprint,
    subject: z.string().max(64),
    name: z.string().max(32_768),
    change: Change,
    attributes: z.array(z.string().max(64)).max(64),
    severity: Severity,
    expected: FindingAttributes.describe('attributes of the entry; empty for an added subject'),
    actual: FindingAttributes.describe('attributes as found; empty for a removed subject'),
    rule: z.string().max(4_096).describe('the rule or guard that gave the severity'),
    diff: TextDiff.optional().describe('of public configuration text; no part of the fingerprint'),
    actors: z
      .array(Actor)
      .max(actorsMax)
      .readonly()
      .optional()
      // Whoever can choose how a process is called must not be able to make a report unreadable.
      .catch(undefined)
      .describe('who changed it, as the kernel told; absent where nothing told. No part of the fingerprint'),
    changes: z
      .int()
      .positive()
      .max(changesMax)
      .optional()
      .describe('how often the kernel told of a change of it since it is open, at least; no part of the fingerprint'),
  })
  .meta({ id: 'Finding' });
export type Finding = z.infer<typeof Finding>;

/**
 * A finding that somebody sent whom nobody trusts. The same as `Finding`; but what has thousands of attributes of which none is
 * right ends at the first, since a schema that says what is wrong with each takes seconds for a frame of them.
 */
export const SentFinding = Finding.extend({
  expected: z.custom<z.infer<typeof FindingAttributes>>(areAttributes, 'expected attributes'),
  actual: z.custom<z.infer<typeof FindingAttributes>>(areAttributes, 'expected attributes'),
});

const attributesMax = 64;

function areAttributes(value: unknown): boolean {
  if (!isPlainObject(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= attributesMax && entries.every(([name, one]) => isName(name, 64) && isAttributeValue(one));
}

function isAttributeValue(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.length <= 16_384 && value.every(isText);
  if (!isPlainObject(value)) return isText(value);
  return Object.entries(value).every(([name, one]) => isName(name, 65_536) && isText(one));
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 65_536;
}

function isName(name: string, charsMax: number): boolean {
  return name.length <= charsMax && name !== '__proto__';
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a finding that make its identity: no image, no instance, no severity, so that equal drift is equal everywhere. */
export type Difference = Pick<Finding, 'subject' | 'name' | 'change' | 'attributes' | 'expected' | 'actual'>;

/**
 * sha256 (hex) of RFC 8785 `{v:1, subject, name, change, attributes: {a: [expected, actual]}}`; a side that has no such
 * attribute is null.
 */
export function fingerprintOf(difference: Difference): string {
  const { subject, name, change, expected, actual } = difference;
  const pairs = Object.fromEntries(
    difference.attributes.map((attribute): [string, Json] => [
      attribute,
      [expected[attribute] ?? null, actual[attribute] ?? null],
    ]),
  );
  return sha256Hex(canonicalJson({ v: 1, subject, name, change, attributes: pairs }));
}
