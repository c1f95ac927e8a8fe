import { Loader } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Problem } from './problem.tsx';

interface Reading<T> {
  readonly what: string;
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
}

/** Waiting, failed, or the data: a screen that failed to read says so even when it still has older data to show. */
export function Reading<T>({ what, query, children }: Reading<T>) {
  return (
    <>
      {query.error !== null && <Problem what={what} error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && children(query.data)}
      {query.isPending && <Loader size="sm" type="dots" aria-label={`Reading ${what}`} role="status" />}
    </>
  );
}
