import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './client.ts';

const retriesMax = 2;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        // The server's own "no" does not change by asking again; a lost connection may.
        retry: (failures, error) => failures < retriesMax && !(error instanceof ApiError && error.status < 500),
      },
    },
  });
}
