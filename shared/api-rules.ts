import { z } from 'zod';
import { Digest } from './digest.ts';
import { Envelope } from './dsse.ts';
import { Name } from './image.ts';
import { RulesDifference } from './rules-preview.ts';

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

/** For this long nothing is triggered by what newer rules alone have found. */
export const newRulesHoldMs = 3_600_000;

export const PushRules = z.strictObject({ rules: Envelope }).meta({ id: 'PushRules' });
export type PushRules = z.infer<typeof PushRules>;

export const RulesState = z.enum(['candidate', 'active', 'superseded', 'withdrawn']).meta({ id: 'RulesState' });
export type RulesState = z.infer<typeof RulesState>;

export const RulesView = z
  .object({
    image: Name.describe('the name: rules are for all versions of it'),
    sequence: count,
    digest: Digest,
    state: RulesState,
    rules: count.describe('how many there are, with those of the profile'),
    profile: z.string(),
    signedBy: z.array(z.string()),
    pushedAt: time,
    activatedAt: time.nullable(),
    endedAt: time.nullable().describe('when they were superseded or withdrawn'),
    instances: count.describe('of this image name, without the retired'),
    judging: count.describe('of them, those whose last report was by these rules'),
  })
  .meta({ id: 'Rules' });
export type RulesView = z.infer<typeof RulesView>;

const PreviewedDrift = z.object({ ...RulesDifference.shape, instances: count }).meta({ id: 'PreviewedDrift' });
export type PreviewedDrift = z.infer<typeof PreviewedDrift>;

export const RulesPreviewView = z
  .object({
    instances: count,
    answered: count.describe('instances that judged a sweep by both'),
    unanswered: z
      .array(z.object({ instanceId: z.string(), why: z.string() }))
      .describe('of these nothing is known; at most 1,000 are named'),
    unansweredCount: count,
    turningDrifted: count,
    turningInSync: count,
    flagged: z.array(PreviewedDrift).describe('what would be found that is not found now, on most instances first'),
    silent: z.array(PreviewedDrift).describe('what would not count any more'),
    regraded: z.array(PreviewedDrift).describe('what would have another severity'),
    unlisted: count.describe('differences that instances counted and that are not named here'),
  })
  .meta({ id: 'RulesPreview' });
export type RulesPreviewView = z.infer<typeof RulesPreviewView>;

export const RulesDetail = z
  .object({ ...RulesView.shape, preview: RulesPreviewView.nullable().describe('of a candidate') })
  .meta({ id: 'RulesDetail' });
export type RulesDetail = z.infer<typeof RulesDetail>;
