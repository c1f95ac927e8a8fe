import { relative, utc } from '../words/time.ts';
import { useNow } from './clock.ts';

/** A point in time as people say it, with the exact one in UTC behind it. */
export function Moment({ at }: { readonly at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={utc(at)}>
      {relative(at, now)}
    </time>
  );
}
