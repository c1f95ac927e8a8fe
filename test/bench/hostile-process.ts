import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { deflateRawSync, gzipSync } from 'node:zlib';
import type { Finding } from '../../shared/finding.ts';
import { frameBytesMax, type ReportMessage, reportFindingsMax } from '../../shared/protocol.ts';
import { aFinding } from '../support/builders.ts';
import { compressed, final, frame, longFrame, rawSocket, text, upgradeHead } from '../support/raw-socket.ts';
import { aReport } from '../support/reports.ts';
import { anAgentKey, sayHello } from '../support/scripted-agent.ts';
import { obeyParent } from './child.ts';
import type { HostileCommand } from './hostile.ts';

/**
 * `node hostile-process.ts`, forked: one that means ill, told how by messages. It has what processor time nobody else
 * wants (SCHED_IDLE, sched(7)), as it would be on a machine of its own: what is measured is what the server gives it.
 */
execFileSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(process.pid)]);

const key = anAgentKey();
/** Of each behaviour, what it got done; a behaviour that did nothing measured nothing. */
let done = 0;
let over = true;

obeyParent(async (command: HostileCommand) => {
  switch (command.do) {
    case 'end':
      over = true;
      return undefined;
    case 'flood':
      return behave(() => [flood(command)]);
    case 'frames':
      return behave(() => frames(command));
    case 'storm':
      return behave(() => Array.from({ length: stormWidth }, (_, n) => storm(command, n)));
    default:
      return command satisfies never;
  }
});

interface Target {
  readonly url: string;
  readonly joinToken: string;
}

async function behave(begin: () => readonly Promise<void>[]): Promise<number> {
  over = false;
  done = 0;
  await Promise.all(begin());
  return done;
}

/** Valid reports of an enrolled agent as fast as its socket takes them, whatever credits it was given. */
function flood(target: Target): Promise<void> {
  return asEnrolled(
    target,
    [1, 50, reportFindingsMax].flatMap((findings) => turns(findings)),
  );
}

/** Whatever frames there are that cost more to take than to send, from an agent that is enrolled and from anybody. */
function frames(target: Target): readonly Promise<void>[] {
  const huge = Buffer.alloc(frameBytesMax, '[');
  const hello = `{"type":"hello","facts":{${Array.from({ length: 50_000 }, (_, n) => `"${n}":"${n}"`).join(',')}}}`;
  const bomb = gzipSync(Buffer.alloc(32 * 1_048_576, ' '));
  const outsider = [
    longFrame(final | text, huge),
    longFrame(final | text, Buffer.from(hello)),
    longFrame(final | text, Buffer.alloc(frameBytesMax + 1, ' ')),
    Buffer.concat([frame(text, Buffer.from('{')), ...Array<Buffer>(20_000).fill(frame(0, Buffer.from('x')))]),
    longFrame(final | compressed | text, deflateRawSync(Buffer.alloc(32 * 1_048_576, ' '))),
  ];
  return [
    ...outsider.map((bytes) => repeatedly(() => outside(target, bytes))),
    repeatedly(() => post(target, bomb)),
    asEnrolled(target, turns(reportFindingsMax).map(padded)),
  ];
}

/** Does not stay for the closing handshake: the next one costs more. */
async function outside({ url }: Target, bytes: Buffer): Promise<void> {
  const socket = await rawSocket(url);
  const closes = new Promise<void>((resolve) => {
    socket.on('data', (chunk) => chunk[0] === closeFrame && resolve());
    socket.on('close', () => resolve());
    if (socket.closed) resolve();
  });
  socket.write(bytes);
  await closes;
  socket.destroy();
}

/** RFC 6455 §5.5.1, as its first byte. */
const closeFrame = 0x88;

/** A body that unpacks to a thousand times its size. */
async function post({ url }: Target, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const address = new URL('/api/v1/keys', url.replace(/^ws/, 'http'));
  await fetch(address, { method: 'POST', headers, body }).then((answer) => answer.arrayBuffer());
}

const stormWidth = 128;
/** Half-open ones are left behind, so many of one kind at a time. */
const halfOpenMax = 400;

/** Connections as fast as the server takes them: hellos that do not hold, and sockets that are left half open. */
async function storm(target: Target, n: number): Promise<void> {
  const halfOpen: Array<{ destroy(): void }> = [];
  const leave = (socket: { destroy(): void }) => {
    halfOpen.push(socket);
    if (halfOpen.length > halfOpenMax / stormWidth) halfOpen.shift()?.destroy();
  };
  const { hostname, port } = new URL(target.url);
  const ways = [
    () => badHello(target.url),
    async () => leave(await rawSocket(target.url)),
    async () => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      await once(socket, 'connect');
      socket.write(upgradeHead(target.url).slice(0, 40));
      leave(socket);
    },
    async () => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      await once(socket, 'connect');
      socket.resetAndDestroy();
    },
  ];
  await repeatedly(ways[n % ways.length]!);
  for (const socket of halfOpen) socket.destroy();
}

async function badHello(url: string): Promise<void> {
  const { line } = await sayHello(url, anAgentKey(), { joinToken: `prst_${'0'.repeat(43)}` });
  await line.close();
}

async function repeatedly(act: () => Promise<void>): Promise<void> {
  while (!over) {
    await act().catch(() => undefined);
    done += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Sends the reports over and over, and comes back at once, with the one key it has, whenever it is let go. */
async function asEnrolled({ url, joinToken }: Target, reports: readonly ReportMessage[]): Promise<void> {
  // Made before, so that one costs less to send than to take.
  const frames = reports.map(({ seq: _, ...rest }) => JSON.stringify(rest).slice(1));
  while (!over) {
    const { line, answer } = await sayHello(url, key, { joinToken });
    const { socket } = line;
    let seq = answer.type === 'welcome' ? (answer.acked?.seq ?? 0) : 0;
    while (!over && answer.type === 'welcome' && socket.readyState === socket.OPEN) {
      seq += 1;
      if (seq === 1) line.send(aReport());
      else line.sendRaw(`{"seq":${seq},${frames[seq % frames.length]}`);
      done += 1;
      do await new Promise((resolve) => setImmediate(resolve));
      while (!over && socket.bufferedAmount > frameBytesMax);
    }
    socket.terminate();
  }
}

/** Two reports that take turns: what one finds, the other finds gone. */
function turns(findings: number): readonly ReportMessage[] {
  const [these, those] = [1, 2].map((turn) =>
    Array.from({ length: findings }, (_, n) => aFinding({ name: `/srv/hostile/${turn}/${findings}/${n}` })),
  ) as [Finding[], Finding[]];
  return [
    [these, those],
    [those, these],
  ].map(([opened, cleared]) =>
    aReport({ full: false, opened: opened!, cleared: cleared!.map(({ fingerprint }) => fingerprint) }),
  );
}

/** As large as a frame may be. */
function padded(report: ReportMessage): ReportMessage {
  const room = frameBytesMax - 1_024 - JSON.stringify(report).length;
  const rule = 'x'.repeat(Math.floor(room / report.opened.length));
  return { ...report, opened: report.opened.map((finding) => ({ ...finding, rule: `${finding.rule}${rule}` })) };
}
