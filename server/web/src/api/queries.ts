import { queryOptions } from '@tanstack/react-query';
import { api, resultOf } from './client.ts';
import type { Instance } from './types.ts';

/** Evidence expires and instances fall silent without an event; this often everything shown is read again. */
export const refreshMs = 60_000;
const pageLimit = 500;
/** Past this the list is cut, and says so: 20,000 items. */
const pagesMax = 40;

export interface List<T> {
  readonly items: readonly T[];
  readonly cut: boolean;
}
export type InstanceList = List<Instance>;

export const keys = {
  groups: ['groups'],
  instances: ['instances'],
  allOfInstance: ['instance'],
  instance: (id: string) => ['instance', id],
  findings: (id: string) => ['instance', id, 'findings'],
  looks: (id: string) => ['instance', id, 'looks'],
  replacements: ['replacements'],
  allOfReplacement: ['replacement'],
  replacement: (id: string) => ['replacement', id],
  plans: ['plan'],
  plan: (group: string) => ['plan', group],
  caller: ['caller'],
  holds: ['holds'],
  approvals: ['approvals'],
  quarantines: ['quarantines'],
  orphans: ['orphans'],
  absent: ['absent'],
  images: ['images'],
  allOfPromotions: ['promotions'],
  promotions: (group: string) => ['promotions', group],
  policies: ['policies'],
  allOfPolicyVersions: ['policy-versions'],
  policyVersions: (name: string) => ['policy-versions', name],
  exemptions: ['exemptions'],
  audit: ['audit'],
} as const;

export const groupsQuery = queryOptions({
  queryKey: keys.groups,
  queryFn: ({ signal }) => allPages((query) => resultOf(api.GET('/api/v1/groups', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

export const instancesQuery = queryOptions({
  queryKey: keys.instances,
  queryFn: ({ signal }): Promise<InstanceList> =>
    allPages((query) => resultOf(api.GET('/api/v1/instances', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

export function fetchInstance(id: string, signal?: AbortSignal): Promise<Instance> {
  return resultOf(api.GET('/api/v1/instances/{id}', { params: { path: { id } }, ...(signal && { signal }) }));
}

export const instanceQuery = (id: string) =>
  queryOptions({
    queryKey: keys.instance(id),
    queryFn: ({ signal }) => fetchInstance(id, signal),
    refetchInterval: refreshMs,
  });

export const findingsQuery = (id: string) =>
  queryOptions({
    queryKey: keys.findings(id),
    queryFn: ({ signal }) =>
      allPages((query) =>
        resultOf(api.GET('/api/v1/instances/{id}/findings', { params: { path: { id }, query }, signal })),
      ),
  });

/** The latest; who wants all asks pristinectl. */
const looksShown = 10;

export const looksQuery = (id: string) =>
  queryOptions({
    queryKey: keys.looks(id),
    queryFn: ({ signal }) =>
      resultOf(api.GET('/api/v1/looks', { params: { query: { instance: id, limit: looksShown } }, signal })),
    refetchInterval: refreshMs,
  });

export const replacementsQuery = queryOptions({
  queryKey: keys.replacements,
  queryFn: ({ signal }) =>
    allPages((query) => resultOf(api.GET('/api/v1/replacements', { params: { query }, signal }))),
  refetchInterval: refreshMs,
});

export const replacementQuery = (id: string) =>
  queryOptions({
    queryKey: keys.replacement(id),
    queryFn: ({ signal }) => resultOf(api.GET('/api/v1/replacements/{id}', { params: { path: { id } }, signal })),
  });

export const planQuery = (group: string) =>
  queryOptions({
    queryKey: keys.plan(group),
    queryFn: ({ signal }) =>
      resultOf(api.GET('/api/v1/groups/{name}/plan', { params: { path: { name: group } }, signal })),
    refetchInterval: refreshMs,
  });

interface PageQuery {
  limit: number;
  cursor?: string;
}

export async function allPages<T>(
  readPage: (query: PageQuery) => Promise<{ readonly items: readonly T[]; readonly nextCursor: string | null }>,
): Promise<List<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page++) {
    const read: { readonly items: readonly T[]; readonly nextCursor: string | null } = await readPage(
      cursor === null ? { limit: pageLimit } : { limit: pageLimit, cursor },
    );
    items.push(...read.items);
    cursor = read.nextCursor;
    if (cursor === null) return { items, cut: false };
  }
  return { items, cut: true };
}
