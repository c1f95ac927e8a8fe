import { z } from 'zod';

const time = z.iso.datetime({ precision: 3 });

/** Live changes, as SSE: `event` is the type, `id` counts up, `data` this. Read the resource for the truth. */
export const eventTypes = [
  'instance.enrolled',
  'instance.rebased',
  'instance.verdict',
  'instance.liveness',
  'instance.tainted',
  'instance.pardoned',
  'instance.retired',
  'instance.spool',
  'instance.doubted',
  'instance.trusted',
  'instance.key-rotated',
  'drift.opened',
  'drift.closed',
  'group.changed',
  'policy.changed',
  'image.pushed',
  'image.promoted',
  'image.rolled-back',
  'rollout.soaked',
  'rollout.paused',
  'rollout.resumed',
  'look.requested',
  'look.ended',
  'image.linked',
  'image.unlinked',
  'key.trusted',
  'token.created',
  'token.revoked',
  'token.misused',
  'rules.pushed',
  'rules.activated',
  'rules.withdrawn',
  'rules.refused',
  'taint.lifted',
  'exemption.declared',
  'exemption.ended',
  'exemption.expired',
  'breaker.tripped',
  'breaker.reset',
  'replacement.planned',
  'replacement.blocked',
  'replacement.step',
  'replacement.proven',
  'proof.revoked',
] as const;
export const FleetEvent = z
  .object({
    id: z.int(),
    at: time,
    type: z.enum(eventTypes),
    group: z.string().nullable(),
    instanceId: z.string().nullable(),
    replacementId: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'FleetEvent' });
export type FleetEvent = z.infer<typeof FleetEvent>;
