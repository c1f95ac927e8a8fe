import { api, resultOf } from './client.ts';
import type { PolicyDocument, Simulation } from './types.ts';

/** What people decide here. Each is refused by the server where the role of the token does not reach. */

export const placeHold = (body: {
  readonly scope: 'instance' | 'group' | 'all';
  readonly target?: string;
  readonly for?: string;
  readonly reason: string;
}) => resultOf(api.POST('/api/v1/holds', { body }));

export const liftHold = (id: string) => resultOf(api.POST('/api/v1/holds/{id}/lift', { params: { path: { id } } }));

export const approve = (
  id: string,
  body: { readonly instances: number; readonly for?: string; readonly reason: string },
) => resultOf(api.POST('/api/v1/approvals/{id}/approve', { params: { path: { id } }, body }));

export const refuse = (id: string, reason: string) =>
  resultOf(api.POST('/api/v1/approvals/{id}/refuse', { params: { path: { id } }, body: { reason } }));

export const startQuarantine = (id: string, reason: string) =>
  resultOf(api.POST('/api/v1/instances/{id}/quarantine', { params: { path: { id } }, body: { reason } }));

export const releaseQuarantine = (id: string, reason: string) =>
  resultOf(api.POST('/api/v1/instances/{id}/quarantine/release', { params: { path: { id } }, body: { reason } }));

export const extendQuarantine = (id: string, body: { readonly by: string; readonly reason: string }) =>
  resultOf(api.POST('/api/v1/instances/{id}/quarantine/extend', { params: { path: { id } }, body }));

export const promoteImage = (
  group: string,
  body: { readonly image: string; readonly channel: 'stable' | 'canary'; readonly reason: string },
) => resultOf(api.POST('/api/v1/groups/{name}/images:promote', { params: { path: { name: group } }, body }));

export const rollBackImage = (group: string, reason: string) =>
  resultOf(api.POST('/api/v1/groups/{name}/images:rollback', { params: { path: { name: group } }, body: { reason } }));

export const resumeRollout = (group: string, body: { readonly image: string; readonly reason: string }) =>
  resultOf(api.POST('/api/v1/groups/{name}/images:resume', { params: { path: { name: group } }, body }));

export const resetBreaker = (group: string, reason: string) =>
  resultOf(api.POST('/api/v1/groups/{name}/breaker:reset', { params: { path: { name: group } }, body: { reason } }));

export const abortReplacement = (id: string, reason: string) =>
  resultOf(api.POST('/api/v1/replacements/{id}/abort', { params: { path: { id } }, body: { reason } }));

export const retryReplacement = (id: string, reason: string) =>
  resultOf(api.POST('/api/v1/replacements/{id}/retry', { params: { path: { id } }, body: { reason } }));

export const endExemption = (name: string, reason: string) =>
  resultOf(api.POST('/api/v1/exemptions/{name}/end', { params: { path: { name } }, body: { reason } }));

/** Asks only: nothing is stored. */
export const lintPolicy = (policy: PolicyDocument, signal: AbortSignal) =>
  resultOf(api.POST('/api/v1/policies:lint', { body: policy, signal }));

export const simulatePolicy = (policy: PolicyDocument, days: number): Promise<Simulation> =>
  resultOf(api.POST('/api/v1/policies:simulate', { body: { policies: [policy], days } }));
