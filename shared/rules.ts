import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { Digest, sha256Hex } from './digest.ts';
import { Name } from './image.ts';
import { Listening } from './listening.ts';
import { isPattern, patternCharsMax } from './pattern.ts';
import { Severity } from './severity.ts';
import { statementOf } from './statement.ts';

/** From the strictest on: of several that speak about one thing, the first counts. */
export const treatments = ['immutable', 'set-at-boot', 'per-instance', 'ephemeral', 'ignored', 'foreign'] as const;
export const Treatment = z.enum(treatments);
export type Treatment = z.infer<typeof Treatment>;

/** Whether each instance writes its own there, once, when it first boots. */
export function isWrittenByInstance(treatment: Treatment): boolean {
  return treatment === 'per-instance' || treatment === 'set-at-boot';
}

export const guards = [
  'setuid',
  'capabilities',
  'agent',
  'device',
  'users',
  'authorized-keys',
  'sudoers',
  'preload',
  'pam',
  'cron',
  'units',
  'kernel',
  'listening',
  'modules',
  'process',
] as const;
export const GuardName = z.enum(guards);
export type GuardName = z.infer<typeof GuardName>;

const Pattern = z
  .string()
  .max(patternCharsMax)
  .refine(isPattern, 'expected an absolute pattern of *, ?, […] and ** as a whole segment; no negation, no braces');
const reason = z.string().regex(/\S/, 'expected words').max(1_024);
const names = (what: string) => z.array(z.string().min(1).max(4_096)).max(1_024).default([]).describe(what);

/** What a first boot may make the files of a `set-at-boot` rule mean. */
export const Expect = z.strictObject({
  users: names('accounts, each with a group of its name, and members of groups'),
  sudoers: names('rules of sudoers, as a finding names them'),
  keys: z
    .array(
      z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'expected a fingerprint as `ssh-keygen -l` prints it, SHA256:…'),
    )
    .max(1_024)
    .default([])
    .describe('fingerprints of keys that may log in'),
});
export type Expect = z.infer<typeof Expect>;

/** One rule; the first whose pattern matches decides the treatment. */
export const Rule = z
  .strictObject({
    match: z.union([Pattern.transform((one) => [one]), z.array(Pattern).min(1).max(1_024)]),
    as: Treatment,
    severity: Severity.optional().describe('default medium'),
    reason: reason.optional().describe('required for `ignored`, `foreign` and `override`'),
    override: z
      .union([GuardName.transform((one) => [one]), z.array(GuardName).min(1)])
      .optional()
      .describe('guards this rule silences, by name'),
    accept: z
      .union([Digest.transform((one) => [one]), z.array(Digest).min(1).max(1_024)])
      .optional()
      .describe('other contents that are known and fine; everything else is compared as ever'),
    expect: Expect.optional().describe('of `set-at-boot` only: what the files may mean; all else of them is foreign'),
    pin: z
      .boolean()
      .optional()
      .describe('default true: what stands there once boot has settled must stay so; false where it goes on changing'),
  })
  .refine((rule) => rule.as !== 'ignored' || rule.reason !== undefined, 'an `ignored` rule needs a reason')
  .refine((rule) => rule.as !== 'foreign' || rule.reason !== undefined, 'a `foreign` rule needs a reason')
  .refine((rule) => rule.expect === undefined || rule.as === 'set-at-boot', '`expect` belongs to `set-at-boot`')
  .refine(
    (rule) => rule.pin === undefined || isWrittenByInstance(rule.as),
    '`pin` belongs to `per-instance` and `set-at-boot`',
  )
  .refine((rule) => rule.override === undefined || rule.reason !== undefined, 'an `override` needs a reason');
export type Rule = z.infer<typeof Rule>;

/** The profiles there are (`profile.ts`). `base` is what any Linux changes. */
export const ProfileName = z.enum(['base', 'debian', 'ubuntu', 'rhel', 'amazon', 'alpine', 'suse']);
export type ProfileName = z.infer<typeof ProfileName>;

/** A further signed manifest that may be laid over the image: a CNI, a CSI, a driver. */
export const Component = z.strictObject({
  name: Name.describe('the image name of its manifest, and of its directory'),
  paths: z
    .union([Pattern.transform((one) => [one]), z.array(Pattern).min(1).max(1_024)])
    .describe('where it may have files; nowhere else'),
  digest: Digest.optional().describe('only this one; without it, any that a trusted key has signed'),
});
export type Component = z.infer<typeof Component>;

const Components = z
  .array(Component)
  .max(64)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'a component is declared twice')
  .describe('what may be laid over the image; where two have the same path, the last one counts');

/** `pristine.yaml`, given to bake with --config. */
export const BakeConfig = z.strictObject({
  profile: ProfileName.optional().describe('else the one for what os-release of the root says'),
  rules: z.array(Rule).max(10_000).default([]),
  components: Components.optional(),
  texts: z
    .array(Pattern)
    .max(1_024)
    .optional()
    .describe('public text whose changes may be shown, besides the profile’s; an empty list: none at all'),
  noTexts: z.array(Pattern).max(1_024).optional().describe('never shown, whatever `texts` and the profile say'),
  listening: Listening.optional(),
});
export type BakeConfig = z.infer<typeof BakeConfig>;

export const rulesPredicateType = 'urn:x-pristine:rules:v1';

/** All effective rules, the profile expanded into them, so that verify never reads a profile or os-release from the root. */
export const RulesPredicate = z.strictObject({
  image: z.strictObject({ name: Name }),
  sequence: z.int().positive(),
  profile: z.string().max(64),
  rules: z.array(Rule).max(20_000),
  /** Mount points at which a pseudo filesystem is skipped. */
  pseudoMounts: z.array(z.string().max(4_096)).max(256),
  components: Components.optional(),
  /** Text may be shown of what the first list matches and the second does not. */
  texts: z.array(Pattern).max(2_048).optional(),
  noTexts: z.array(Pattern).max(1_024).optional(),
  listening: Listening.optional(),
});
export type RulesPredicate = z.infer<typeof RulesPredicate>;

/** sha256 (hex) of the RFC 8785 form of the rules: the subject of their statement. */
export function rulesDigest({ rules }: Pick<RulesPredicate, 'rules'>): string {
  return sha256Hex(canonicalJson(rules));
}

/** The subject is the `rulesDigest` of the predicate. */
export const RulesStatement = statementOf(rulesPredicateType, RulesPredicate);
export type RulesStatement = z.infer<typeof RulesStatement>;
