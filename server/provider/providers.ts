import { createLocalProvider } from './local.ts';
import type { Providers } from './provider.ts';

/** One provider of each type, for all groups that have it. */
export function createProviders(): Providers {
  const local = createLocalProvider();
  return ({ provider }) => {
    switch (provider.type) {
      case 'local':
        return local;
      default:
        return provider.type satisfies never;
    }
  };
}
