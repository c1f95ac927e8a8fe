import { sentenceOf } from '../../shared/errors.ts';
import type { Group } from '../../shared/policy.ts';
import type { Machine } from '../provider/provider.ts';
import { callProvider, listMsMax } from './call-provider.ts';
import type { House } from './house.ts';

/** How long a plan waits for a provider. One that is slower is heard at a later plan; until then its group waits alone. */
const patienceMs = 1_000;

export type Listing = ReadonlyMap<string, readonly Machine[] | null>;

/** Asks all providers at once, and none a second time before it has answered: a group that hangs holds up no other. */
export function createLister({ clock, providers, log }: Pick<House, 'clock' | 'providers' | 'log'>) {
  const pending = new Map<string, Promise<readonly Machine[] | null>>();

  const ask = (group: Group): Promise<readonly Machine[] | null> => {
    const known = pending.get(group.name);
    if (known) return known;
    const asked = callProvider(clock, 'list', () => providers(group).list(group), listMsMax)
      .catch((error: unknown) => {
        log.warn({ group: group.name, error: sentenceOf(error) }, 'replace: the provider could not be asked');
        return null;
      })
      .finally(() => pending.delete(group.name));
    pending.set(group.name, asked);
    return asked;
  };

  return async (groups: readonly Group[]): Promise<Listing> => {
    const answered = new AbortController();
    const impatient = clock.sleep(patienceMs, answered.signal).then(
      () => null,
      () => null,
    );
    const listed = await Promise.all(
      groups.map(async (group) => [group.name, await Promise.race([ask(group), impatient])] as const),
    );
    answered.abort();
    return new Map(listed);
  };
}
