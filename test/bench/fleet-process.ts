import { setTimeout as sleep } from 'node:timers/promises';
import { emptyState } from '../../agent/open-state.ts';
import { buildReports } from '../../agent/report/report-builder.ts';
import { createServerTrust } from '../../agent/report/server-trust.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { uuidv7 } from '../../shared/uuid.ts';
import { aCoverage, aFinding, anImageDigest, aTime } from '../support/builders.ts';
import { obeyParent } from './child.ts';
import type { FleetCommand } from './fleet.ts';
import { type SimulatedAgent, simulateAgent } from './simulated-agent.ts';

/** `node fleet-process.ts`, forked: many simulated agents, told what to do by messages. One command at a time. */
const agents: SimulatedAgent[] = [];
const ended = new AbortController();
const told = new Map<SimulatedAgent, number>();
let paceOver = false;

obeyParent(obey);

async function obey(command: FleetCommand): Promise<unknown> {
  switch (command.do) {
    case 'connect':
      return connectAll(command);
    case 'sweeps':
      return reports(command.seconds, () => ({}));
    case 'checks':
      return reports(command.seconds, aChange);
    case 'pace':
      return pace(command.perSecond);
    case 'end-pace':
      paceOver = true;
      return undefined;
    case 'big-sweep':
      return agents[0]!.tell(bigSweep(command.findings));
    case 'state':
      return {
        connected: agents.filter((agent) => agent.isConnected).length,
        acked: agents.reduce((sum, agent) => sum + agent.ackedSeq, 0),
        ends: countsOf(agents.flatMap((agent) => agent.ends)),
      };
    case 'forget-ends':
      for (const agent of agents) agent.forgetEnds();
      return undefined;
    default:
      return command satisfies never;
  }
}

/** At a pace that is above the server's own. */
async function connectAll({ count, ...server }: FleetCommand & { do: 'connect' }): Promise<void> {
  const [batch, everyMs] = [50, 100];
  const trust = createServerTrust(server.ca);
  while (agents.length < count) {
    while (agents.length < count && agents.length % batch < batch - 1) add();
    add();
    await sleep(everyMs);
  }
  while (agents.some((agent) => !agent.isConnected)) await sleep(20);

  function add(): void {
    if (agents.length < count) agents.push(simulateAgent({ ...server, trust }, ended.signal));
  }
}

/** So many agents at a time, one after another, each with one report on its way. Of those that are acked in time, how long each took. */
async function reports(seconds: number, make: (agent: SimulatedAgent) => Partial<ReportMessage>): Promise<number[]> {
  const until = performance.now() + seconds * 1_000;
  const times: number[] = [];
  let next = 0;
  const work = async () => {
    while (performance.now() < until) {
      const agent = agents[next++ % agents.length]!;
      if (busy.has(agent)) continue;
      busy.add(agent);
      const ms = await agent.tell([make(agent)]);
      if (performance.now() < until) times.push(ms);
      busy.delete(agent);
    }
  };
  const busy = new Set<SimulatedAgent>();
  await Promise.all(Array.from({ length: Math.min(256, agents.length) }, work));
  return times;
}

/** Opens a finding that nothing else has, and clears the one before. */
function aChange(agent: SimulatedAgent): Partial<ReportMessage> {
  const n = (told.get(agent) ?? 0) + 1;
  told.set(agent, n);
  const [before, now] = [n - 1, n].map((one) =>
    aFinding({ name: `/srv/${process.pid}/${agents.indexOf(agent)}/${one}` }),
  );
  return { full: false, opened: [now!], cleared: n === 1 ? [] : [before!.fingerprint] };
}

/** Clean sweeps of all but the first agent, so many a second, until told to end. */
async function pace(perSecond: number): Promise<number[]> {
  const times: number[] = [];
  const running: Promise<void>[] = [];
  paceOver = false;
  const from = performance.now();
  for (let n = 0; !paceOver; n += 1) {
    await sleep(Math.max(0, from + (n / perSecond) * 1_000 - performance.now()));
    const agent = agents[1 + (n % (agents.length - 1))]!;
    running.push(agent.tell([{}]).then((ms) => void times.push(ms)));
  }
  await Promise.all(running);
  return times;
}

function bigSweep(count: number): readonly Partial<ReportMessage>[] {
  const found = Array.from({ length: count }, (_, n) =>
    aFinding({ name: `/usr/share/doc/package-${n % 997}/file-${n}` }),
  );
  const state = { ...emptyState, open: new Map(found.map((finding) => [finding.fingerprint, finding])) };
  const scan = {
    ...{ kind: 'sweep' as const, startedAt: aTime, finishedAt: aTime },
    ...{ findings: found, coverage: aCoverage({ entries: count }) },
  };
  const applied = { state, opened: found, cleared: [] };
  return buildReports(() => uuidv7(Date.now()), scan, emptyState, applied, { image: anImageDigest, rules: 1 });
}

function countsOf(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}
