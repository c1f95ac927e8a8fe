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

export const router = createRouter({
  routeTree: root.addChildren([fleet, instance, replacements, replacement]),
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
