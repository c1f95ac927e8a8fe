import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { type Image, type ImageRef, imageRef } from '../../shared/image.ts';
import type { Group } from '../../shared/policy.ts';
import type { Preflight } from '../provider/provider.ts';
import { callProvider, listMsMax } from './call-provider.ts';
import type { House } from './house.ts';

/** What a provider says it would launch, or why it would not. */
export type Answer = Preflight | { readonly refused: string };
/** Of one group, by the image that Pristine would name; null for what the template says. What is not there was not answered. */
export type Preflights = ReadonlyMap<ImageRef | null, Answer>;

/** How long a plan waits for a provider that has not answered yet. */
const patienceMs = 1_000;
const againAfterMs = 60_000;
/** Longer than an answer may take to be asked for anew, so that nothing waits for what is only being repeated. */
const holdsMs = 120_000;
const refusalHoldsMs = 10_000;

interface Known {
  readonly group: string;
  readonly about: string;
  readonly image: ImageRef | null;
  readonly answer: Answer;
  readonly at: number;
}

/**
 * Asks providers what they would launch for each image that a group promotes: once a minute, whatever the group needs, and none
 * a second time before it has answered. What is not answered is not there, and holds everything of its group.
 */
export function createPreflights({ clock, providers, log }: Pick<House, 'clock' | 'providers' | 'log'>) {
  const known = new Map<string, Known>();
  const pending = new Map<string, Promise<void>>();

  const ask = (group: Group, image: ImageRef | null, key: string, about: string): Promise<void> => {
    const under = pending.get(key);
    if (under) return under;
    const at = clock.monotonic();
    const asked = askPreflight({ clock, providers }, group, image)
      .catch((error: unknown) => {
        log.warn(
          { group: group.name, image, error: sentenceOf(error) },
          'replace: the provider could not be asked what it would launch',
        );
        return { refused: sentenceOf(error) };
      })
      .then((answer) => {
        known.set(key, { group: group.name, about, image, answer, at });
      })
      .finally(() => pending.delete(key));
    pending.set(key, asked);
    return asked;
  };

  return async (groups: readonly Group[]): Promise<ReadonlyMap<string, Preflights>> => {
    const from = clock.monotonic();
    const wanted = new Map<string, string>();
    const awaited: Promise<void>[] = [];
    for (const group of groups) {
      const about = JSON.stringify(group.provider);
      for (const image of askedFor(group)) {
        const key = `${group.name} ${image}`;
        wanted.set(key, about);
        const last = known.get(key);
        const age = last?.about === about ? from - last.at : Number.POSITIVE_INFINITY;
        const isRefusal = last !== undefined && 'refused' in last.answer;
        if (age < (isRefusal ? refusalHoldsMs : againAfterMs)) continue;
        const asked = ask(group, image, key, about);
        if (age >= holdsMs) awaited.push(asked);
      }
    }
    await patiently(awaited);
    const now = clock.monotonic();
    const found = new Map<string, Map<ImageRef | null, Answer>>();
    for (const [key, { group, about, image, answer, at }] of known) {
      if (!wanted.has(key)) known.delete(key);
      else if (wanted.get(key) === about && now - at < holdsMs)
        found.set(group, (found.get(group) ?? new Map()).set(image, answer));
    }
    return found;
  };

  async function patiently(awaited: readonly Promise<void>[]): Promise<void> {
    if (awaited.length === 0) return;
    const answered = new AbortController();
    await Promise.race([Promise.all(awaited), clock.sleep(patienceMs, answered.signal).catch(() => {})]);
    answered.abort();
  }
}

/** Errors: TIMEOUT, and what the provider has but its refusal. */
export async function askPreflight(
  { clock, providers }: Pick<House, 'clock' | 'providers'>,
  group: Group,
  image: ImageRef | null,
): Promise<Answer> {
  try {
    return await callProvider(clock, 'preflight', () => providers(group).preflight(group, image), listMsMax);
  } catch (error) {
    if (error instanceof CodedError && error.code === 'CONFIG') return { refused: error.message };
    throw error;
  }
}

/** What a launch of the group is named by: null where its template decides. */
export function namedIn({ imageSource }: Group, image: ImageRef): ImageRef | null {
  return imageSource === 'provider' ? null : image;
}

function askedFor({ imageSource, images: { stable, canary } }: Group): ReadonlySet<ImageRef | null> {
  if (imageSource === 'provider') return new Set([null]);
  return new Set([stable, canary].filter((image) => image !== undefined));
}

/** Why the image must not be waited for from this provider; undefined where it would launch that, and nothing else. Pure. */
export function wrongLaunch(target: Image, answer: Answer | undefined): string | undefined {
  const ref = imageRef(target);
  if (answer === undefined) return `its provider does not say whether it would launch ${ref}`;
  if ('refused' in answer) return `its provider would not launch ${ref}: ${answer.refused}`;
  if (answer.image !== ref) return `the template launches ${answer.image}, and not ${ref}`;
  if (answer.digest !== undefined && answer.digest !== target.digest)
    return `the template launches another build of ${ref}: ${answer.digest}, and ${target.digest} was pushed`;
  return undefined;
}

/** As if every provider launched what it is named, and every template what is stable. */
export function asPromised(group: Group): Preflights {
  return new Map([...askedFor(group)].map((image) => [image, { image: image ?? group.images['stable'] ?? '' }]));
}
