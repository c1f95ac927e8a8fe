import type { RouteOptions } from 'fastify';
import type { Role } from '../../shared/role.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the caller must be at least. */
    role?: Role;
  }
}

/** Who may do what, on one page: the role that each route behind the token needs, by its operation. */
const roleOf: Readonly<Record<Role, readonly string[]>> = {
  viewer: [
    ...['listKeys', 'listImages', 'getImage', 'listImageLinks', 'listRules', 'getRules', 'listTokens'],
    ...[
      'listGroups',
      'getGroup',
      'getPlan',
      'listPolicies',
      'getPolicy',
      'listDrifts',
      'getDrift',
      'listDriftsBeneath',
    ],
    ...['listInstances', 'getInstance', 'listFindings', 'listLooks', 'getLook'],
    ...['listReplacements', 'getReplacement', 'getProof', 'getProofKey', 'followEvents', 'listHolds'],
    ...['listApprovals', 'getApproval', 'listPolicyVersions', 'listGroupVersions', 'lintPolicy', 'listAudit'],
  ],
  operator: [
    ...['apply', 'launchInstances', 'resetBreaker', 'placeHold', 'liftHold', 'pushImage', 'pushEntries'],
    ...['pardonTaint', 'trustInstance', 'revokeKey', 'retireInstance', 'acceptClaimant', 'askForScan', 'askForKey'],
    ...[
      'lookAtInstance',
      'pushRules',
      'activateRules',
      'withdrawRules',
      'createToken',
      'revokeToken',
      'revokeApprovals',
    ],
  ],
  approver: ['approve'],
  admin: [
    // Whoever may say which keys sign images, or what a cloud calls them, says what is clean.
    ...['trustKey', 'linkImage', 'unlinkImage'],
    ...['listAccessTokens', 'createAccessToken', 'revokeAccessToken'],
  ],
};

const needed = new Map(
  Object.entries(roleOf).flatMap(([role, operations]) => operations.map((operation) => [operation, role as Role])),
);

/** To be called for each route behind the token. Errors: a route that nobody gave a role, so that none is forgotten. */
export function declareRole(route: RouteOptions): void {
  const { operationId } = (route.schema ?? {}) as { readonly operationId?: string };
  const role = needed.get(operationId ?? '');
  if (role === undefined) {
    throw new TypeError(
      `${route.method} ${route.url}: ${operationId} needs a role; give it one in server/http/roles.ts`,
    );
  }
  route.config = { ...route.config, role };
  Object.assign(route.schema ?? {}, { 'x-role': role });
}
