import { z } from 'zod';
import { Duration, durationMs } from './duration.ts';
import { Exemption } from './exemption.ts';
import { ImageRef, Name } from './image.ts';
import { Quarantine } from './keeping.ts';
import { Labels, Selector } from './selector.ts';
import { Severity } from './severity.ts';
import { TriggerKind } from './trigger-kind.ts';
import { Window } from './window.ts';

/**
 * Groups, policies and exemptions: what `pristinectl apply -f` takes. Everything is strict: a field that is not built yet is refused
 * with its name, because a safety setting that is silently ignored is the worst kind.
 */

/** Instances on the server's own machine: for the demo, for tests and for trying Pristine. */
export const LocalProviderSpec = z.strictObject({
  type: z.literal('local'),
  directory: z.string().startsWith('/').describe('where instances live; one folder each'),
  zones: z
    .array(z.string().min(1).max(128))
    .min(1)
    .max(16)
    .optional()
    .describe('what they are said to be spread over: each is put where the fewest are'),
  images: z
    .record(
      z.string(),
      z.strictObject({
        root: z.string().startsWith('/').describe('the image root; never written to'),
        manifest: z.string().startsWith('/').describe('its baked manifest'),
        pub: z.string().startsWith('/').describe('public keys its agents trust'),
      }),
    )
    .describe('by NAME@VERSION'),
  template: ImageRef.optional().describe('which of them it launches where the group says `imageSource: provider`'),
  ownerPid: z
    .int()
    .positive()
    .optional()
    .describe('instances end when this process does; without it they live until terminated'),
  agent: z
    .strictObject({ sweepEvery: Duration.optional(), ca: z.string().startsWith('/').optional() })
    .optional()
    .describe('settings written into each agent.yaml'),
});
export type LocalProviderSpec = z.infer<typeof LocalProviderSpec>;

/** Machines of a program that somebody else writes: `server/provider/COMMAND.md`. */
export const CommandProviderSpec = z.strictObject({
  type: z.literal('command'),
  command: z
    .array(z.string().min(1).max(4_096))
    .min(1)
    .max(64)
    .refine(([program]) => program?.startsWith('/'), 'expected the program by its path, beginning with /')
    .describe('the program and its arguments; run as they stand, without a shell'),
  env: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), z.string().max(4_096))
    .default({})
    .describe('its environment, beside PATH and LANG'),
  timeout: Duration.refine(
    (text) => durationMs(text) >= 1_000 && durationMs(text) <= 3_600_000,
    'expected a second at least, and an hour at most',
  )
    .default('60s')
    .describe('of one run; then it is killed with all that it began'),
});
export type CommandProviderSpec = z.infer<typeof CommandProviderSpec>;

export const ProviderSpec = z.discriminatedUnion('type', [LocalProviderSpec, CommandProviderSpec]);
export type ProviderSpec = z.infer<typeof ProviderSpec>;

/** A count of instances, or a percentage of the group's desired size. */
export const Cap = z.union([
  z.int().nonnegative(),
  z.string().regex(/^(?:100|\d{1,2})%$/, 'expected a count, or a percentage such as 10%'),
]);
export type Cap = z.infer<typeof Cap>;

export const CanarySettings = z.strictObject({
  count: Cap.default(1).describe('how many instances of a new image come first'),
  soak: Duration.default('1h').describe('how long each of them must be there, clean, before the rest follows'),
});
export type CanarySettings = z.infer<typeof CanarySettings>;

export const Group = z
  .strictObject({
    kind: z.literal('Group'),
    name: Name,
    provider: ProviderSpec,
    images: z
      .record(Name, ImageRef)
      .default({})
      .describe('promoted images by channel; `stable` is what replacements are launched from'),
    imageSource: z
      .enum(['pristine', 'provider'])
      .optional()
      .describe(
        'who says which image is launched: `pristine` names it, unless said; with `provider` the template of the provider decides, and what it launches must be one of `images`',
      ),
    canary: CanarySettings.optional().describe(
      'canaries of every newly promoted image come before the rest; without it only those of the channel `canary`, one for an hour',
    ),
    labels: Labels.default({}),
    stateless: z
      .boolean()
      .default(false)
      .describe('declared by a person: nothing on local disk matters. `enforce` is refused without it'),
    holds: z
      .array(z.enum(['volumes', 'state']))
      .max(2)
      .optional()
      .describe(
        'what would be lost with an instance: persistent volumes, or state. Nothing is replaced as long as any is named',
      ),
    runs: z
      .literal('pristine')
      .optional()
      .describe('Pristine’s own server or its database runs here: it does not replace what it stands on'),
    enrolWithin: Duration.optional().describe(
      'how long a machine may be there without an agent until it is absent, and a person is called; 15m unless said',
    ),
  })
  .meta({ id: 'Group' });
export type Group = z.infer<typeof Group>;

const ageMsMin = 3_600_000;
const silentMsMin = 600_000;

const driftTrigger = z.strictObject({
  drift: z.strictObject({
    severity: Severity.exclude(['info']).default('low'),
    settle: Duration.default('2m').describe(
      'from first sight; delays acting, never recording. Critical drift does not wait',
    ),
    subject: z.string().min(1).max(64).optional().describe('only drift of such subjects, such as `package`'),
    shape: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('only drift of this shape, such as `modified file /etc/motd`'),
  }),
});
export type DriftTrigger = z.infer<typeof driftTrigger>;
const outdatedTrigger = z.strictObject({ outdated: z.literal(true) });
const ageTrigger = z.strictObject({
  olderThan: Duration.refine(
    (text) => durationMs(text) >= ageMsMin,
    'expected an hour or more: younger ones would be replaced as soon as they are there',
  ).describe('since it enrolled'),
});
const silenceTrigger = z.strictObject({
  silent: Duration.refine(
    (text) => durationMs(text) >= silentMsMin,
    'expected ten minutes or more: agents may need five to come back',
  ).describe(
    'without a word of its agent, and with a second witness: its provider says that the machine is stopped or impaired',
  ),
});
const unverifiableTrigger = z.strictObject({
  unverifiable: Duration.refine(
    (text) => durationMs(text) >= ageMsMin,
    'expected an hour or more: a sweep may take that long',
  ).describe('connected, and not measured as a whole for so long'),
});
const manualTrigger = z.strictObject({ manual: z.literal(true).describe('what a person asks for') });
export const Trigger = z.union([
  driftTrigger,
  outdatedTrigger,
  ageTrigger,
  silenceTrigger,
  unverifiableTrigger,
  manualTrigger,
]);
export type Trigger = z.infer<typeof Trigger>;

export const Budget = z.strictObject({
  max: Cap,
  per: z
    .union([z.enum(['group', 'zone', 'fleet']), z.strictObject({ label: z.string().min(1).max(64) })])
    .optional()
    .describe(
      'counted in the group, unless said; `zone`: in each zone of a group; `{label: NAME}`: among all of the fleet with the same value',
    ),
  triggers: z
    .array(TriggerKind)
    .min(1)
    .optional()
    .describe('holds only for what these want; the default holds beside it'),
});
export type Budget = z.infer<typeof Budget>;

export const Strategy = z.strictObject({
  order: z
    .enum(['launch-first', 'terminate-first'])
    .default('launch-first')
    .describe(
      '`terminate-first` for groups without room for one more: what fails after the old one is gone needs a person',
    ),
  drainTimeout: Duration.default('10m'),
  drainDeadline: z
    .enum(['wait', 'force', 'abort'])
    .default('abort')
    .describe('what to do with what is not drained by then: drain on, let it go as it is, or roll back'),
  verifyWithin: Duration.default('10m').describe('from launch to the first clean, complete scan'),
  overrunGrace: Duration.default('30m').describe(
    'how long after its windows closed a replacement may go on to where there is no way back; then it is rolled back',
  ),
  soak: Duration.default('5m').describe('how long the new instance is watched before the budget is free again'),
  proof: z
    .enum(['agent', 'outside'])
    .default('agent')
    .describe('`outside`: beside its agent, the server itself must have seen the disk of the new instance clean'),
});
export type Strategy = z.infer<typeof Strategy>;

const approvalMsMax = 30 * 86_400_000;

export const ApprovalRule = z.strictObject({
  required: z.boolean().default(true).describe('nothing is replaced before people have said yes'),
  count: z
    .int()
    .min(1)
    .max(3)
    .default(1)
    .describe('how many different people; who applied the policy or promoted the image is none of them'),
  for: Duration.refine(
    (text) => durationMs(text) > 0 && durationMs(text) <= approvalMsMax,
    'expected more than 0 and at most 30d',
  )
    .default('24h')
    .describe('how long a yes holds at most'),
});

export const Policy = z
  .strictObject({
    kind: z.literal('Policy'),
    name: Name,
    select: Selector,
    mode: z.enum(['observe', 'enforce']).default('observe').describe('observe plans and shows, and acts on nothing'),
    triggers: z.array(Trigger).max(16).default([]),
    strategy: Strategy.prefault({}),
    windows: z.array(Window).max(64).default([]).describe('when something may start; without any, always'),
    budgets: z
      .array(Budget)
      .max(16)
      .default([])
      .describe('the smallest holds; without one for all triggers 10% and at most 5 hold too'),
    quarantine: Quarantine.optional().describe('machines that are kept as evidence in place of being ended'),
    approval: ApprovalRule.optional().describe(
      'of all policies that enforce on a group the strictest holds; bound to policy version, cause and target image',
    ),
  })
  .meta({ id: 'Policy' });
export type Policy = z.infer<typeof Policy>;

export const Document = z.discriminatedUnion('kind', [Group, Policy, Exemption]);
export type Document = z.infer<typeof Document>;

export function isDriftTrigger(trigger: Trigger): trigger is z.infer<typeof driftTrigger> {
  return 'drift' in trigger;
}

export function isAgeTrigger(trigger: Trigger): trigger is z.infer<typeof ageTrigger> {
  return 'olderThan' in trigger;
}

export function isSilenceTrigger(trigger: Trigger): trigger is z.infer<typeof silenceTrigger> {
  return 'silent' in trigger;
}

export function isUnverifiableTrigger(trigger: Trigger): trigger is z.infer<typeof unverifiableTrigger> {
  return 'unverifiable' in trigger;
}

export function settleMs(trigger: z.infer<typeof driftTrigger>): number {
  return durationMs(trigger.drift.settle);
}
