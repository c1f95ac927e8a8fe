import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { aFinding } from '../support/builders.ts';
import { aGatewayHouse } from '../support/gateway-house.ts';
import { aReport } from '../support/reports.ts';
import { anAgentKey, type Line, sayHello } from '../support/scripted-agent.ts';

/**
 * `node test/bench/intake.ts [--agents N] [--seconds S]`: what one process takes in, agents and server together in it.
 * Prints one JSON object of figures a second. Not a ratio: for knowing the order of magnitude.
 */
const { values } = parseArgs({ options: { agents: { type: 'string' }, seconds: { type: 'string' } } });
const agents = Number(values.agents ?? 100);
const seconds = Number(values.seconds ?? 5);

// The share of one sender is not what is measured here.
const house = await aGatewayHouse({ limits: { bytesPerSecond: 1e12, burstBytes: 1e12 } });
const joinToken = await house.aToken({ usesMax: agents });
const lines: Line[] = [];
const enrolments = await rate(async (isOver) => {
  while (lines.length < agents && !isOver()) {
    const { line, answer } = await sayHello(house.url, anAgentKey(), { joinToken });
    if (answer.type !== 'welcome') throw new Error(`expected a welcome, got ${JSON.stringify(answer)}`);
    lines.push(line);
  }
  return lines.length;
});

const cleanDigest = aReport().stateDigest;
let seq = 0;
const cleanSweeps = await reports(() => aReport({ seq }));
const heartbeats = await rate((isOver) => sum(lines.map((line) => beat(line, isOver))));
const changes = await reports(changed);
console.log(JSON.stringify({ agents, enrolments, cleanSweeps, changes, heartbeats, unit: 'per second' }));
await house.close();

/** Each opens a finding and clears the one before. */
function changed() {
  const [before, now] = [seq - 1, seq].map((n) => aFinding({ name: `/n/${n}`, severity: 'info' }));
  return aReport({ seq, full: false, opened: [now!], cleared: [before!.fingerprint] });
}

/** Rounds in which every agent sends one report and waits for its ack. */
async function reports(make: () => ReturnType<typeof aReport>): Promise<number> {
  return rate(async (isOver) => {
    let done = 0;
    while (!isOver()) {
      seq += 1;
      const report = make();
      await Promise.all(
        lines.map(async (line) => {
          line.send(report);
          while ((await line.next()).type !== 'ack');
        }),
      );
      done += lines.length;
    }
    return done;
  });
}

/** Clean heartbeats in bundles; a ping after each bundle comes back when the server has read it. */
async function beat(line: Line, isOver: () => boolean): Promise<number> {
  let done = 0;
  while (!isOver()) {
    for (let n = 0; n < 50; n += 1) line.send({ type: 'heartbeat', boot: 1, seq, stateDigest: cleanDigest });
    const pong = once(line.socket, 'pong');
    line.socket.ping();
    await pong;
    done += 50;
  }
  return done;
}

async function rate(work: (isOver: () => boolean) => Promise<number>): Promise<number> {
  const from = performance.now();
  const done = await work(() => performance.now() - from > seconds * 1_000);
  return Math.round((done / (performance.now() - from)) * 1_000);
}

async function sum(parts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(parts)).reduce((total, part) => total + part, 0);
}
