import type { LaunchRequest, Machine, Provider } from '../../server/provider/provider.ts';
import type { MemoryProvider } from '../support/memory-provider.ts';
import type { Random } from '../support/random.ts';

/** A cloud that says and does what is not so. What is true is in the cloud itself; servers see only what it says. */
export interface LyingCloud {
  readonly provider: Provider;
  /** Gone without a word, or ended by a person. */
  readonly lost: ReadonlySet<string>;
  /** Nobody asked for them. */
  readonly ghosts: ReadonlySet<string>;
  /** Left out of the list of its group just now. */
  readonly unlisted: ReadonlySet<string>;
  /** That it ever was. */
  readonly everUnlisted: ReadonlySet<string>;
  /** No new lies for a moment; what it says that is not so, it goes on to say. */
  isQuiet: boolean;
  lose(providerId: string): void;
  /** Begins a lie that lasts, or ends all that do. Of what has never been listed nobody knows that it is gone. */
  change(listed: ReadonlySet<string>): void;
  /** From here on it says and does what is so. */
  end(): void;
}

interface Liar {
  readonly cloud: MemoryProvider;
  readonly groups: readonly string[];
  readonly images: readonly string[];
  readonly random: Random;
  /** Of all calls, those that are answered and do something else; of all steps, those in which a lie begins. */
  readonly share: number;
}

export function aLyingCloud({ cloud, groups, images, random, share }: Liar): LyingCloud {
  const [lost, ghosts, everUnlisted] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const hidden = new Set<string>();
  /** By machine, the group that it is said to be of, and whether it is listed in its own too. */
  const elsewhere = new Map<string, { readonly group: string; readonly alsoHere: boolean }>();
  let ghostsMade = 0;
  let isOver = false;
  const lies = () => !isOver && !liar.isQuiet && random.next() < share;
  const any = () => random.pick(own());
  const own = () => [...cloud.machines.values()].filter(({ group }) => groups.includes(group));

  function lose(providerId: string): void {
    lost.add(providerId);
    cloud.lose(providerId);
  }

  function hide(providerId: string): void {
    hidden.add(providerId);
    everUnlisted.add(providerId);
  }

  function misplace({ providerId, group }: Machine & { readonly group: string }): void {
    const alsoHere = random.next() < 0.5;
    elsewhere.set(providerId, { group: random.pick(groups.filter((other) => other !== group)), alsoHere });
    if (!alsoHere) hide(providerId);
  }

  function haunt({ group, zone }: { readonly group: string; readonly zone?: string | null }): void {
    ghostsMade += 1;
    const name = `ghost-${ghostsMade}`;
    ghosts.add(name);
    cloud.add(group, name, zone);
  }

  async function launch(request: LaunchRequest): Promise<Machine> {
    const lie = random.pick(['nothing', 'another', 'image', 'twin'] as const);
    const { key, group } = request;
    if (lie === 'nothing') return aMachine(`m-${group.name}-${key}`, key);
    if (lie === 'another' && own().length > 0) return any();
    if (lie === 'image') return cloud.launch({ ...request, image: random.pick(images) });
    const machine = await cloud.launch(request);
    const twin = `t-${group.name}-${key}`;
    ghosts.add(twin);
    cloud.copy(machine.providerId, twin);
    return machine;
  }

  /** It is answered, and nothing was done. */
  const orNothing =
    <A extends unknown[]>(call: (...given: A) => Promise<void>) =>
    async (...given: A): Promise<void> =>
      lies() ? undefined : call(...given);

  const provider: Provider = {
    ...cloud,
    async list(group) {
      const listed = (await cloud.list(group)).filter(({ providerId }) => !hidden.has(providerId));
      const strangers = [...cloud.machines.values()].filter(
        ({ providerId }) => elsewhere.get(providerId)?.group === group.name,
      );
      return [...listed, ...strangers];
    },
    launch: (request) => (lies() ? launch(request) : cloud.launch(request)),
    drain: orNothing(cloud.drain),
    restore: orNothing(cloud.restore),
    terminate: orNothing(cloud.terminate),
    isolate: orNothing(cloud.isolate),
  };

  const liar: LyingCloud = {
    isQuiet: false,
    ...{ provider, lost, ghosts, everUnlisted, lose },
    unlisted: hidden,
    change(listed) {
      if (own().length === 0 || !lies()) return;
      const one = any();
      const begin = random.pick([
        () => listed.has(one.providerId) && lose(one.providerId),
        () => hide(one.providerId),
        () => haunt(one),
        ...(groups.length > 1 ? [() => misplace(one)] : []),
        () => {
          hidden.clear();
          elsewhere.clear();
        },
      ]);
      begin();
    },
    end() {
      isOver = true;
      hidden.clear();
      elsewhere.clear();
    },
  };
  return liar;
}

function aMachine(providerId: string, launchKey: string): Machine {
  return { providerId, launchKey, state: 'running', drainedBy: null };
}
