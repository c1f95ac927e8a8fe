import { createCommandProvider } from './command.ts';
import { createLocalProvider } from './local.ts';
import type { Providers } from './provider.ts';

/** One provider of each type, for all groups that have it. */
export function createProviders(): Providers {
  const local = createLocalProvider();
  const command = createCommandProvider();
  return ({ provider }) => {
    switch (provider.type) {
      case 'local':
        return local;
      case 'command':
        return command;
      default:
        return provider satisfies never;
    }
  };
}
