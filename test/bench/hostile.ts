import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from './child.ts';
import { median } from './compare-times.ts';
import type { Figure } from './figure.ts';
import { startFleet } from './fleet.ts';
import { percentile } from './percentile.ts';
import { prepareServer } from './prepare-server.ts';
import { startServerProcess } from './server-process.ts';

const behaviours = ['flood', 'frames', 'storm'] as const;

export type HostileCommand =
  | { readonly do: (typeof behaviours)[number]; readonly url: string; readonly joinToken: string }
  | { readonly do: 'end' };

const agents = 2_000;
const rounds = 7;
/** Clean sweeps of all agents together: a few times what 2,000 agents that sweep every 20 s send, and a fifth of what is possible. */
const perSecond = 400;
const windowMs = 4_000;
/** After each window, for what is still being told; and after a storm until its address may come again. */
const pauseMs = { flood: 500, frames: 500, storm: 11_000 } as const;
/** The most by which one who is hostile may make the others wait longer. */
const atMost = 1.3;

const names = {
  flood: 'a flood of reports',
  frames: 'the worst frames',
  storm: 'a storm of connections',
} as const;

/**
 * How much longer well-behaved agents wait for their acks, one of them in a hundred, while somebody is hostile: the median of
 * the ratios of windows that take turns. On two cores much of that is the kernel's, which has three busy processes to share
 * them out to: so the hostile one also does the same to another server on this machine, which tells how much. It has the
 * processor time that nobody else wants.
 */
export async function hostileFiguresOf({
  work,
  say,
}: {
  readonly work: string;
  say(what: string): void;
}): Promise<Figure[]> {
  const { server, joinToken } = await begin(join(work, 'hostile'), agents + 1);
  const other = await begin(join(work, 'elsewhere'), 1);
  const fleet = startFleet(1);
  const hostile = startChild<HostileCommand>('hostile-process.ts');
  const targets = {
    here: { url: server.url, joinToken },
    elsewhere: { url: other.server.url, joinToken: other.joinToken },
  };
  const quiet: number[] = [];
  const [here, elsewhere] = [none(), none()];
  const p99During = async (meanwhile: () => Promise<unknown>): Promise<number> => {
    const told = fleet.tellOne(0, { do: 'pace', perSecond });
    await meanwhile();
    await fleet.tellOne(0, { do: 'end-pace' });
    return percentile((await told) as number[], 0.99);
  };
  const p99Beside = async (behaviour: Behaviour, where: keyof typeof targets): Promise<number> => {
    const acted = hostile.ask({ do: behaviour, ...targets[where] });
    const p99 = await p99During(() => sleep(windowMs));
    await hostile.ask({ do: 'end' });
    if ((await acted) === 0) throw new Error(`expected ${names[behaviour]}, and nothing came`);
    await sleep(pauseMs[behaviour]);
    return p99;
  };
  try {
    say(`${agents} agents, and one that is hostile`);
    await fleet.tell({ do: 'connect', url: server.url, joinToken, count: agents });
    await p99During(() => sleep(windowMs));
    for (let round = 0; round < rounds; round += 1) {
      quiet.push(await p99During(() => sleep(windowMs)));
      for (let n = 0; n < behaviours.length; n += 1) {
        const behaviour = behaviours[(round + n) % behaviours.length]!;
        here[behaviour].push(await p99Beside(behaviour, 'here'));
        elsewhere[behaviour].push(await p99Beside(behaviour, 'elsewhere'));
      }
    }
    return [
      { name: `acks of ${agents} agents, p99`, value: median(quiet), unit: 'ms' },
      ...behaviours.flatMap((behaviour): Figure[] => {
        const name = `beside ${names[behaviour]}, p99`;
        const ratio = (of: Times, to: readonly number[]) => median(of[behaviour].map((ms, round) => ms / to[round]!));
        return [
          { name, value: median(here[behaviour]), unit: 'ms' },
          { name: `${name} / without it`, value: ratio(here, quiet), unit: 'times', target: { atMost } },
          { name: `${name} / at another server`, value: ratio(here, elsewhere[behaviour]), unit: 'times' },
        ];
      }),
    ];
  } finally {
    hostile.kill();
    fleet.end();
    await server.stop('SIGKILL');
    await other.server.stop('SIGKILL');
  }
}

type Behaviour = (typeof behaviours)[number];
type Times = Readonly<Record<Behaviour, number[]>>;

function none(): Times {
  return { flood: [], frames: [], storm: [] };
}

async function begin(work: string, tokens: number) {
  const { data, joinToken } = await prepareServer(work, tokens);
  return { server: await startServerProcess(data, { sockets: agents + 4_096 }), joinToken };
}
