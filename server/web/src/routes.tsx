import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { FleetPage } from './fleet/fleet-page.tsx';
import { readFleetSearch } from './fleet/fleet-search.ts';
import { Frame } from './shell/frame.tsx';
import { NotFound } from './shell/not-found.tsx';

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound });

const fleet = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: readFleetSearch,
  component: FleetPage,
});

const instance = createRoute({
  getParentRoute: () => root,
  path: '/instances/$id',
  component: lazyRouteComponent(() => import('./instance/instance-page.tsx'), 'InstancePage'),
});

const replacements = createRoute({
  getParentRoute: () => root,
  path: '/replacements',
  component: lazyRouteComponent(() => import('./replacements/replacements-page.tsx'), 'ReplacementsPage'),
});

const replacement = createRoute({
  getParentRoute: () => root,
  path: '/replacements/$id',
  component: lazyRouteComponent(() => import('./replacements/replacement-page.tsx'), 'ReplacementPage'),
});

const approvals = createRoute({
  getParentRoute: () => root,
  path: '/approvals',
  component: lazyRouteComponent(() => import('./approvals/approvals-page.tsx'), 'ApprovalsPage'),
});

const holds = createRoute({
  getParentRoute: () => root,
  path: '/holds',
  component: lazyRouteComponent(() => import('./holds/holds-page.tsx'), 'HoldsPage'),
});

const quarantines = createRoute({
  getParentRoute: () => root,
  path: '/quarantine',
  component: lazyRouteComponent(() => import('./kept/quarantines-page.tsx'), 'QuarantinesPage'),
});

const images = createRoute({
  getParentRoute: () => root,
  path: '/images',
  component: lazyRouteComponent(() => import('./images/images-page.tsx'), 'ImagesPage'),
});

const policies = createRoute({
  getParentRoute: () => root,
  path: '/policies',
  component: lazyRouteComponent(() => import('./policies/policies-page.tsx'), 'PoliciesPage'),
});

const policy = createRoute({
  getParentRoute: () => root,
  path: '/policies/$name',
  component: lazyRouteComponent(() => import('./policies/policy-page.tsx'), 'PolicyPage'),
});

const exemptions = createRoute({
  getParentRoute: () => root,
  path: '/exemptions',
  component: lazyRouteComponent(() => import('./exemptions/exemptions-page.tsx'), 'ExemptionsPage'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    ...[fleet, instance, replacements, replacement],
    ...[approvals, holds, quarantines, images, policies, policy, exemptions, audit],
  ]),
  scrollRestoration: true,
  // Addresses are read and written by people too: plain `?content=drifted,unverifiable`, no JSON in them.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const entries = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
    const text = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString();
    return text === '' ? '' : `?${text.replaceAll('%2C', ',')}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
