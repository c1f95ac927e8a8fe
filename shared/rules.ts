import { z } from 'zod';
import { Name } from './image.ts';
import { isPattern } from './pattern.ts';
import { Severity } from './severity.ts';
import { statementOf } from './statement.ts';

export const treatments = ['immutable', 'ephemeral', 'per-instance', 'ignored'] as const;
export const Treatment = z.enum(treatments);
export type Treatment = z.infer<typeof Treatment>;

export const guards = [
  'setuid',
  'capabilities',
  'device',
  'users',
  'authorized-keys',
  'sudoers',
  'preload',
  'pam',
  'cron',
  'units',
] as const;
export const GuardName = z.enum(guards);
export type GuardName = z.infer<typeof GuardName>;

const Pattern = z
  .string()
  .max(4_096)
  .refine(isPattern, 'expected an absolute pattern of *, ?, […] and ** as a whole segment; no negation, no braces');
const reason = z.string().min(1).max(1_024);

/** One rule; the first whose pattern matches decides the treatment. */
export const Rule = z
  .strictObject({
    match: z.union([Pattern.transform((one) => [one]), z.array(Pattern).min(1).max(1_024)]),
    as: Treatment,
    severity: Severity.optional().describe('default medium'),
    reason: reason.optional().describe('required for `ignored` and for `override`'),
    override: z
      .union([GuardName.transform((one) => [one]), z.array(GuardName).min(1)])
      .optional()
      .describe('guards this rule silences, by name'),
  })
  .refine((rule) => rule.as !== 'ignored' || rule.reason !== undefined, 'an `ignored` rule needs a reason')
  .refine((rule) => rule.override === undefined || rule.reason !== undefined, 'an `override` needs a reason');
export type Rule = z.infer<typeof Rule>;

/** `pristine.yaml`, given to bake with --config. */
export const BakeConfig = z.strictObject({ rules: z.array(Rule).max(10_000).default([]) });
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
});
export type RulesPredicate = z.infer<typeof RulesPredicate>;

/** The subject is the sha256 of the RFC 8785 form of the predicate's rules. */
export const RulesStatement = statementOf(rulesPredicateType, RulesPredicate);
export type RulesStatement = z.infer<typeof RulesStatement>;
