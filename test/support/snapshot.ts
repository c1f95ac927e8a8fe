import type { VersionedPolicy } from '../../server/replace/candidates.ts';
import { asPromised } from '../../server/replace/preflight.ts';
import type { FleetSnapshot, GroupSnapshot, InstanceSnapshot } from '../../server/replace/snapshot.ts';
import type { Image } from '../../shared/image.ts';
import { Policy } from '../../shared/policy.ts';
import { aGroup, anImageDigest, aTime } from './builders.ts';

export const now = Date.parse(aTime) + 3_600_000;
export const anImage: Image = { name: 'web', version: '7', digest: anImageDigest };

let counter = 0;

/** Online, listed, in sync and fresh. */
export function anInstance(overrides: Partial<InstanceSnapshot> = {}): InstanceSnapshot {
  counter += 1;
  const id = overrides.id ?? `instance-${counter}`;
  return {
    id,
    providerId: `machine of ${id}`,
    launchKey: null,
    image: anImage,
    labels: {},
    zone: null,
    lifecycle: 'active',
    content: 'in_sync',
    isInDoubt: false,
    online: true,
    silentSince: null,
    heardAt: now,
    unverifiableSince: null,
    requested: null,
    taint: null,
    drifts: [],
    enrolledAt: now - 3_600_000,
    evidenceExpiresAt: now + 3_600_000,
    ...overrides,
  };
}

export function aTainted(overrides: Partial<InstanceSnapshot> = {}): InstanceSnapshot {
  const since = now - 600_000;
  return anInstance({ content: 'drifted', taint: { severity: 'high', since }, ...overrides });
}

/** The provider lists every instance as running, unless `machines` says otherwise. */
export function aGroupSnapshot(overrides: Partial<GroupSnapshot> = {}): GroupSnapshot {
  const instances = overrides.instances ?? [];
  return {
    group: aGroup(),
    breaker: null,
    breakerResetAt: 0,
    machines: instances.map(({ providerId, launchKey, zone }) => ({
      providerId: providerId ?? '',
      launchKey,
      state: 'running' as const,
      drainedBy: null,
      zone,
    })),
    images: new Map([['web@7', anImage]]),
    preflights: asPromised(overrides.group ?? aGroup()),
    instances,
    rollouts: new Map(),
    failures: null,
    typicalMs: null,
    replaced: [],
    failedBefore: new Map(),
    evidencePlaces: 0,
    ...overrides,
  };
}

export function aSnapshot(groups: readonly GroupSnapshot[], overrides: Partial<FleetSnapshot> = {}): FleetSnapshot {
  return {
    groups: new Map(groups.map((group) => [group.group.name, group])),
    absence: null,
    active: [],
    starts: [],
    soaked: new Map([['web', 3]]),
    holds: [],
    consents: new Map(),
    ...overrides,
  };
}

/** Enforcing, on drift of any severity that has settled at once. */
export function aPolicy(overrides: Record<string, unknown> = {}): VersionedPolicy {
  const policy = Policy.parse({
    kind: 'Policy',
    name: 'web',
    select: { group: 'web' },
    mode: 'enforce',
    triggers: [{ drift: { severity: 'low', settle: 0 } }],
    ...overrides,
  });
  return { policy, version: 1 };
}
