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
 * How much longer well-behaved agents wait for their acks, and one of them in a hundred, while somebody is hostile: the
 * median of the ratios of windows that take turns. The hostile one has the processor time that nobody else wants, so that
 * on these two cores the ratio tells what the server does for it, and not whom the kernel prefers.
 */
export async function hostileFiguresOf({
  work,
  say,
}: {
  readonly work: string;
  say(what: string): void;
}): Promise<Figure[]> {
  const { data, joinToken } = await prepareServer(join(work, 'hostile'), agents + 1);
  const server = await startServerProcess(data, { sockets: agents + 4_096 });
  const fleet = startFleet(1);
  const hostile = startChild<HostileCommand>('hostile-process.ts');
  const times = { quiet: [] as number[], flood: [] as number[], frames: [] as number[], storm: [] as number[] };
  const p99During = async (meanwhile: () => Promise<unknown>): Promise<number> => {
    const told = fleet.tellOne(0, { do: 'pace', perSecond });
    await meanwhile();
    await fleet.tellOne(0, { do: 'end-pace' });
    return percentile((await told) as number[], 0.99);
  };
  try {
    say(`${agents} agents, and one that is hostile`);
    await fleet.tell({ do: 'connect', url: server.url, joinToken, count: agents });
    await p99During(() => sleep(windowMs));
    for (let round = 0; round < rounds; round += 1) {
      times.quiet.push(await p99During(() => sleep(windowMs)));
      for (let n = 0; n < behaviours.length; n += 1) {
        const behaviour = behaviours[(round + n) % behaviours.length]!;
        const acted = hostile.ask({ do: behaviour, url: server.url, joinToken });
        times[behaviour].push(await p99During(() => sleep(windowMs)));
        await hostile.ask({ do: 'end' });
        const done = (await acted) as number;
        if (done === 0) throw new Error(`expected ${names[behaviour]}, and nothing came`);
        if (round === 0) say(`${names[behaviour]}: ${done} in ${windowMs} ms`);
        await sleep(pauseMs[behaviour]);
      }
    }
    return [
      { name: `acks of ${agents} agents, p99`, value: median(times.quiet), unit: 'ms' },
      ...behaviours.flatMap((behaviour): Figure[] => {
        const ratios = times[behaviour].map((ms, round) => ms / times.quiet[round]!);
        const name = `beside ${names[behaviour]}, p99`;
        return [
          { name, value: median(times[behaviour]), unit: 'ms' },
          { name: `${name} / without it`, value: median(ratios), unit: 'times', target: { atMost } },
        ];
      }),
    ];
  } finally {
    hostile.kill();
    fleet.end();
    await server.stop('SIGKILL');
  }
}
