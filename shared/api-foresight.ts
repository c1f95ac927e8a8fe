import { z } from 'zod';
import { Blocker, blockerKinds, Instance, ReplacementView } from './api.ts';
import { Image } from './image.ts';
import { Policy } from './policy.ts';
import { Cause } from './proof.ts';
import { TriggerKind } from './trigger-kind.ts';

/** What would happen, what would have happened, and why not: nothing here changes anything. */

const time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

export const simulatedDaysMax = 90;

export const SimulatePolicies = z
  .strictObject({
    policies: z
      .array(Policy)
      .min(1)
      .max(50)
      .refine((given) => new Set(given.map(({ name }) => name)).size === given.length, 'expected each name once')
      .describe('in place of those that are stored by the same names, and beside the others'),
    days: z
      .int()
      .min(0)
      .max(simulatedDaysMax)
      .default(0)
      .describe('also what they would have done in so many days before now; 0 for nothing'),
  })
  .meta({ id: 'SimulatePolicies' });
export type SimulatePolicies = z.infer<typeof SimulatePolicies>;

export const HeldNow = z.object({ kind: z.enum(blockerKinds), instances: count }).meta({ id: 'HeldNow' });

export const SimulatedPlan = z
  .object({
    candidates: count.describe('instances that the given policies want replaced, once for each policy'),
    commands: z.array(
      z.object({ policy: z.string(), group: z.string(), instanceId: z.string(), cause: Cause, target: Image }),
    ),
    blocked: z
      .array(
        z.object({
          ...{ policy: z.string(), group: z.string(), instanceId: z.string(), cause: Cause },
          blockers: z.array(Blocker),
        }),
      )
      .describe('the first of them; `heldBack` counts all'),
    heldBack: z.array(HeldNow).describe('by each kind of blocker, most first; one instance may be held by several'),
    trips: z.array(z.object({ group: z.string(), cause: z.string() })).describe('breakers that would open now'),
  })
  .meta({ id: 'SimulatedPlan' });
export type SimulatedPlan = z.infer<typeof SimulatedPlan>;

export const Backtest = z
  .object({
    from: time,
    to: time,
    replaced: count,
    mostAtOnce: count,
    starts: z
      .array(
        z.object({
          ...{ at: time, policy: z.string(), group: z.string(), instanceId: z.string() },
          trigger: TriggerKind,
        }),
      )
      .describe('the first of them; `perDay` counts all'),
    perDay: z.array(z.object({ day: z.iso.date(), started: count })).describe('in UTC'),
    heldBack: z
      .array(
        z.object({
          kind: z.enum(blockerKinds),
          instanceHours: z.number().nonnegative().describe('for how long, of all instances together'),
          mostAtOnce: count,
        }),
      )
      .describe('longest first'),
    trips: z.array(z.object({ at: time, group: z.string(), cause: z.string() })),
    waiting: count.describe('wanted replaced at the end, and not begun'),
    longestWaitMs: count.describe('from when it was wanted to its start, or to the end'),
    looks: count.describe('how often it was planned anew'),
    coarsestMs: count.describe('0 where each change was looked at when it came; else the longest that one waited'),
    assumptions: z.array(z.string()).describe('what the history does not tell, and what was taken for it'),
  })
  .meta({ id: 'Backtest' });
export type Backtest = z.infer<typeof Backtest>;

export const Simulation = z
  .object({
    computedAt: time,
    asWritten: SimulatedPlan,
    enforced: SimulatedPlan.describe('the same with `mode: enforce` in each of the given policies'),
    warnings: z.array(z.string()),
    backtest: Backtest.nullable().describe('of the given policies as if they enforced'),
  })
  .meta({ id: 'Simulation' });
export type Simulation = z.infer<typeof Simulation>;

export const TriggerAnswer = z
  .object({
    trigger: z.string().describe('as people read it'),
    fires: z.boolean(),
    why: z.string(),
    until: time.nullable().describe('when that changes by itself, where that is known'),
  })
  .meta({ id: 'TriggerAnswer' });
export type TriggerAnswer = z.infer<typeof TriggerAnswer>;

export const PolicyAnswer = z
  .object({
    policy: z.string(),
    version: count,
    mode: Policy.shape.mode.unwrap(),
    triggers: z.array(TriggerAnswer),
    decision: z.enum(['starts', 'held', 'other-policy', 'not-wanted']),
    cause: Cause.nullable(),
    blockers: z.array(Blocker).describe('all of them'),
  })
  .meta({ id: 'PolicyAnswer' });
export type PolicyAnswer = z.infer<typeof PolicyAnswer>;

export const Why = z
  .object({
    computedAt: time,
    answer: z.string().describe('in a sentence'),
    instance: Instance,
    policies: z.array(PolicyAnswer).describe('those that select it'),
    underWay: ReplacementView.nullable().describe('of it, or that it was launched for'),
    lastFailure: ReplacementView.nullable(),
    next: z.array(z.string()).describe('what a person can do'),
  })
  .meta({ id: 'Why' });
export type Why = z.infer<typeof Why>;
