import { once } from 'node:events';
import { connect } from 'node:net';
import { constants, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { frameBytesMax, type ReportMessage, reportFindingsMax } from '../../shared/protocol.ts';
import { aFinding } from '../support/builders.ts';
import { compressed, final, frame, longFrame, rawSocket, text, upgradeHead } from '../support/raw-socket.ts';
import { aReport } from '../support/reports.ts';
import { anAgentKey, type Line, sayHello } from '../support/scripted-agent.ts';
import { obeyParent } from './child.ts';
import type { HostileCommand } from './hostile.ts';

/**
 * `node hostile-process.ts`, forked: one that means ill, told how by messages. It has what processor time nobody else
 * wants (nice 19), as it would be on a machine of its own: what is measured is what the server gives it.
 */
setPriority(constants.priority.PRIORITY_LOW);

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

/** Valid reports of an enrolled agent as fast as its socket takes them, whatever credits it was given. Answers are not read. */
async function flood(target: Target): Promise<void> {
  const sizes = [1, 50, reportFindingsMax];
  await asEnrolled(target, async (line, from) => {
    let listed: readonly string[] = [];
    for (let seq = from; !over && line.socket.readyState === line.socket.OPEN; seq += 1) {
      const report = reportOf(seq, sizes[seq % sizes.length]!, listed);
      listed = report.opened.map(({ fingerprint }) => fingerprint);
      line.send(report);
      done += 1;
      while (!over && line.socket.bufferedAmount > frameBytesMax) await sleep(1);
    }
  });
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
    asEnrolled(target, async (line, from) => {
      for (let seq = from; !over && line.socket.readyState === line.socket.OPEN; seq += 1) {
        line.sendRaw(padded(reportOf(seq, reportFindingsMax, [])));
        done += 1;
        while (!over && line.socket.bufferedAmount > frameBytesMax) await sleep(1);
      }
    }),
  ];
}

async function outside({ url }: Target, bytes: Buffer): Promise<void> {
  const socket = await rawSocket(url);
  if (!socket.closed) {
    socket.resume();
    socket.write(bytes);
    await once(socket, 'close');
  }
}

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

/** Comes back at once, with the one key it has, whenever it is let go. */
async function asEnrolled(
  { url, joinToken }: Target,
  work: (line: Line, nextSeq: number) => Promise<void>,
): Promise<void> {
  while (!over) {
    const { line, answer } = await sayHello(url, key, { joinToken });
    if (answer.type === 'welcome') await work(line, (answer.acked?.seq ?? 0) + 1);
    else await sleep(10);
    line.socket.terminate();
  }
}

function reportOf(seq: number, findings: number, cleared: readonly string[]): ReportMessage {
  const opened = Array.from({ length: findings }, (_, n) => aFinding({ name: `/srv/hostile/${seq}/${n}` }));
  return aReport({ seq, full: false, opened, cleared: [...cleared] });
}

/** As large as a frame may be. */
function padded(report: ReportMessage): string {
  const room = frameBytesMax - JSON.stringify(report).length;
  const rule = 'x'.repeat(Math.floor(room / report.opened.length));
  return JSON.stringify({ ...report, opened: report.opened.map((finding) => ({ ...finding, rule })) });
}
