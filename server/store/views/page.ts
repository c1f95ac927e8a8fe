import { CodedError } from '../../../shared/errors.ts';

export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/**
 * One page of rows that were asked for with `limit + 1`: the row too many says that there is a next page. Cursors hold
 * the sort key of the last item, so that rows which come and go between pages neither repeat nor hide others.
 */
export function pageOfRows<Row, T>(
  rows: readonly Row[],
  query: PageQuery,
  keyOf: (row: Row) => readonly string[],
  itemOf: (row: Row) => T,
): Page<T> {
  const kept = rows.slice(0, query.limit);
  const last = kept.at(-1);
  const nextCursor = rows.length > query.limit && last !== undefined ? encodeCursor(keyOf(last)) : null;
  return { items: kept.map(itemOf), nextCursor };
}

function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** The sort key in a cursor, of so many parts. Errors: USAGE. */
export function readCursor(query: PageQuery, parts: number): readonly string[] | undefined {
  if (query.cursor === undefined) return undefined;
  try {
    const key: unknown = JSON.parse(Buffer.from(query.cursor, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === parts && key.every((part) => typeof part === 'string')) return key;
  } catch {
    // The sentence below says all there is to say.
  }
  throw new CodedError('USAGE', 'cursor: expected the nextCursor of a page of this same list');
}
