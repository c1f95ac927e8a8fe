import { contentOf } from '../fleet/content.ts';
import { currencyOf } from '../fleet/currency.ts';
import { livenessOf } from '../fleet/liveness.ts';
import type { Sight } from '../store/views/sight.ts';
import type { Services } from './services.ts';

/** How the fleet looks at this moment; `now` is read once, so that all of one answer is of one time. */
export function sightOf({ clock, evidenceTtlMs, gateway }: Services): Sight {
  const now = clock.now();
  const awakeAt = gateway.awakeAt();
  return {
    now,
    evidenceTtlMs,
    contentOf: (instance) => contentOf(instance, now, evidenceTtlMs),
    livenessOf: (id) => livenessOf({ heardAt: gateway.heardAt(id) }, { awakeAt, now }),
    currencyOf,
  };
}
