import { z } from 'zod';
import { Hole } from './coverage.ts';
import { Digest } from './digest.ts';
import { Change, FindingAttributes, Fingerprint } from './finding.ts';
import { silences } from './outside-look.ts';
import { Severity } from './severity.ts';
import { Verdict } from './verdict.ts';

/** What the HTTP API says of outside looks, beside `api.ts`. */

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

/** `scheduled`: drawn by lot. `requested`: by a person. `proof`: the policy wants one before a replacement is proven. */
export const LookReason = z.enum(['scheduled', 'requested', 'proof']).meta({ id: 'LookReason' });
export type LookReason = z.infer<typeof LookReason>;

/** `asking`: a difference was seen that was not told, so the agent is asked to look, and the disk is looked at again. */
export const LookState = z.enum(['waiting', 'looking', 'asking', 'ended']).meta({ id: 'LookState' });
export type LookState = z.infer<typeof LookState>;

/**
 * `agrees`: all of the disk was looked at, and the agent had told of all that was found. `differs`: it lied or was blinded.
 * `undecided`: what was seen may be no lie, or not everything could be looked at. `failed`: the look could not be made.
 */
export const LookOutcome = z.enum(['agrees', 'differs', 'undecided', 'failed']).meta({ id: 'LookOutcome' });
export type LookOutcome = z.infer<typeof LookOutcome>;

/** Of one look, the gravest; all are counted. */
export const lookDifferencesMax = 100;
export const lookHolesMax = 20;

export const LookDifference = z
  .object({
    fingerprint: Fingerprint,
    subject: z.string(),
    name: z.string(),
    change: Change,
    attributes: z.array(z.string()),
    severity: Severity,
    expected: FindingAttributes,
    actual: FindingAttributes,
    told: z.enum(silences).describe('how the agent failed to tell of it'),
    stands: z.boolean().describe('nothing but a lie or blindness explains it'),
  })
  .meta({ id: 'LookDifference' });
export type LookDifference = z.infer<typeof LookDifference>;

export const LookMeasure = z
  .object({
    imageDigest: Digest,
    rules: count.describe('sequence of the rules that judged: those that the agent says are in force'),
    startedAt: time,
    finishedAt: time,
    verdict: Verdict.describe('of what was seen from outside'),
    findings: count,
    entries: count,
    checked: count,
    filesHashed: count,
    bytesHashed: count,
    holes: z.array(Hole).max(lookHolesMax),
    holesCount: count,
  })
  .meta({ id: 'LookMeasure', description: 'The last time that the disk was looked at in this look.' });
export type LookMeasure = z.infer<typeof LookMeasure>;

export const Look = z
  .object({
    id: z.string(),
    instanceId: z.string(),
    group: z.string(),
    why: LookReason,
    state: LookState,
    outcome: LookOutcome.nullable(),
    detail: z.string().describe('a sentence for people'),
    measure: LookMeasure.nullable(),
    differences: z.array(LookDifference).max(lookDifferencesMax).describe('seen from outside and not told'),
    differencesCount: count,
    leftOut: count.describe('seen from outside where the agent had told that it cannot look'),
    unseen: count.describe('told by the agent, and not seen from outside: what a mount holds is on no disk'),
    rounds: count.describe('how often the disk was looked at'),
    requestedAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
  })
  .meta({
    id: 'Look',
    description: 'The disk of an instance, seen by the server itself and compared with what the agent told.',
  });
export type Look = z.infer<typeof Look>;
