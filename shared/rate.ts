import { z } from 'zod';
import { formatDuration, parseDuration } from './duration.ts';

/** At most so many uses in any so many milliseconds. */
export interface RateSpec {
  readonly uses: number;
  readonly ms: number;
}

const usesMax = 100_000;

/** `10/1m`, kept as written. */
export const Rate = z
  .string()
  .max(32)
  .refine((text) => parseRate(text) !== undefined, 'expected uses per duration, such as 10/1m')
  .meta({ id: 'Rate' });
export type Rate = string;

export function parseRate(text: string): RateSpec | undefined {
  const [uses = '', duration = '', ...more] = text.split('/');
  const ms = parseDuration(duration);
  if (!/^[1-9]\d{0,5}$/.test(uses) || Number(uses) > usesMax || ms === undefined || ms === 0 || more.length > 0)
    return undefined;
  return { uses: Number(uses), ms };
}

export function formatRate({ uses, ms }: RateSpec): Rate {
  return `${uses}/${formatDuration(ms)}`;
}
