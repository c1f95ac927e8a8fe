import { queryOptions } from '@tanstack/react-query';
import { api, resultOf } from './client.ts';
import { allPages, keys, refreshMs } from './queries.ts';

/** What people decide, and what their decisions rest on. */

export const callerQuery = queryOptions({
  queryKey: keys.caller,
  queryFn: ({ signal }) => resultOf(api.GET('/api/v1/access-tokens/self', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export const holdsQuery = queryOptions({
  queryKey: keys.holds,
  queryFn: ({ signal }) => allPages((query) => resultOf(api.GET('/api/v1/holds', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

export const approvalsQuery = queryOptions({
  queryKey: keys.approvals,
  queryFn: ({ signal }) => allPages((query) => resultOf(api.GET('/api/v1/approvals', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

export const quarantinesQuery = queryOptions({
  queryKey: keys.quarantines,
  queryFn: ({ signal }) => allPages((query) => resultOf(api.GET('/api/v1/quarantines', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

/** Each reading asks every provider, so it is not read again for every event. */
export const orphansQuery = queryOptions({
  queryKey: keys.orphans,
  queryFn: ({ signal }) => resultOf(api.GET('/api/v1/orphans', { signal })),
  refetchInterval: refreshMs,
});

export const absentQuery = queryOptions({
  queryKey: keys.absent,
  queryFn: ({ signal }) =>
    allPages((query) => resultOf(api.GET('/api/v1/absent-machines', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

export const imagesQuery = queryOptions({
  queryKey: keys.images,
  queryFn: ({ signal }) => allPages((query) => resultOf(api.GET('/api/v1/images', { params: { query }, signal }))),
});

const promotionsShown = 20;

export const promotionsQuery = (group: string) =>
  queryOptions({
    queryKey: keys.promotions(group),
    queryFn: ({ signal }) =>
      resultOf(
        api.GET('/api/v1/groups/{name}/promotions', {
          params: { path: { name: group }, query: { limit: promotionsShown } },
          signal,
        }),
      ),
  });

export const policiesQuery = queryOptions({
  queryKey: keys.policies,
  queryFn: ({ signal }) => allPages((query) => resultOf(api.GET('/api/v1/policies', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

const versionsShown = 20;

export const policyVersionsQuery = (name: string) =>
  queryOptions({
    queryKey: keys.policyVersions(name),
    queryFn: ({ signal }) =>
      resultOf(
        api.GET('/api/v1/policies/{name}/versions', {
          params: { path: { name }, query: { limit: versionsShown } },
          signal,
        }),
      ),
  });

export const exemptionsQuery = queryOptions({
  queryKey: keys.exemptions,
  queryFn: ({ signal }) => allPages((query) => resultOf(api.GET('/api/v1/exemptions', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

const auditShown = 200;

/** The latest; `pristinectl audit verify` reads them all, and checks the chain. */
export const auditQuery = queryOptions({
  queryKey: keys.audit,
  queryFn: ({ signal }) =>
    resultOf(api.GET('/api/v1/audit', { params: { query: { newest: true, limit: auditShown } }, signal })),
});
