import type { RouteOptions } from 'fastify';
import type { Role } from '../../shared/role.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller must be at least. */
    role?: Role;
  }
}

/** Who may do what, on one page: the role that each route behind the token needs, by its operation. */
const needed: Readonly<Record<string, Role>> = {
  getCaller: 'viewer',
  listKeys: 'viewer',
  listImages: 'viewer',
  getImage: 'viewer',
  listImageLinks: 'viewer',
  listRules: 'viewer',
  getRules: 'viewer',
  listTokens: 'viewer',
  listGroups: 'viewer',
  getGroup: 'viewer',
  getPlan: 'viewer',
  simulatePolicies: 'viewer',
  explainInstance: 'viewer',
  listGroupVersions: 'viewer',
  listPolicies: 'viewer',
  getPolicy: 'viewer',
  listPolicyVersions: 'viewer',
  lintPolicy: 'viewer',
  listInstances: 'viewer',
  listAbsentMachines: 'viewer',
  getInstance: 'viewer',
  listFindings: 'viewer',
  listLooks: 'viewer',
  getLook: 'viewer',
  listDrifts: 'viewer',
  getDrift: 'viewer',
  listDriftsBeneath: 'viewer',
  listExemptions: 'viewer',
  getExemption: 'viewer',
  listReplacements: 'viewer',
  listQuarantines: 'viewer',
  getQuarantine: 'viewer',
  listOrphans: 'viewer',
  getReplacement: 'viewer',
  getProof: 'viewer',
  getProofKey: 'viewer',
  listRevocations: 'viewer',
  listPromotions: 'viewer',
  getWebhook: 'viewer',
  listHolds: 'viewer',
  listApprovals: 'viewer',
  getApproval: 'viewer',
  listAudit: 'viewer',
  followEvents: 'viewer',

  apply: 'operator',
  launchInstances: 'operator',
  promoteImage: 'operator',
  rollBackImage: 'operator',
  resumeRollout: 'operator',
  testWebhook: 'operator',
  resetBreaker: 'operator',
  startQuarantine: 'operator',
  extendQuarantine: 'operator',
  abortReplacement: 'operator',
  retryReplacement: 'operator',
  requestReplacement: 'operator',
  placeHold: 'operator',
  liftHold: 'operator',
  revokeApprovals: 'operator',
  // Saying no ends nothing.
  refuse: 'operator',
  endExemption: 'operator',
  pushImage: 'operator',
  pushEntries: 'operator',
  pushRules: 'operator',
  activateRules: 'operator',
  withdrawRules: 'operator',
  createToken: 'operator',
  revokeToken: 'operator',
  trustInstance: 'operator',
  acceptClaimant: 'operator',
  revokeKey: 'operator',
  retireInstance: 'operator',
  askForScan: 'operator',
  askForKey: 'operator',
  lookAtInstance: 'operator',

  approve: 'approver',
  // It permits a drift, and nothing is kept of a machine without a taint.
  pardonTaint: 'approver',
  // It ends a machine, and what it may have told.
  releaseQuarantine: 'approver',

  // Whoever may say which keys sign images, or what a cloud calls them, says what is clean.
  trustKey: 'admin',
  linkImage: 'admin',
  unlinkImage: 'admin',
  listAccessTokens: 'admin',
  createAccessToken: 'admin',
  revokeAccessToken: 'admin',
};

/** To be called for each route behind the token. Errors: a route that nobody gave a role, so that none is forgotten. */
export function declareRole(route: RouteOptions): void {
  const { operationId } = (route.schema ?? {}) as { readonly operationId?: string };
  const role = needed[operationId ?? ''];
  if (role === undefined) {
    throw new TypeError(
      `${route.method} ${route.url}: ${operationId} needs a role; give it one in server/http/roles.ts`,
    );
  }
  route.config = { ...route.config, role };
  Object.assign(route.schema ?? {}, { 'x-role': role });
}
