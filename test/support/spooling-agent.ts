import { randomUUID } from 'node:crypto';
import { type Hole, hiddenByHole } from '../../shared/coverage.ts';
import type { Finding } from '../../shared/finding.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { aReport } from './reports.ts';
import { type AgentKey, anAgentKey, connectAgent, deliver, type Line } from './scripted-agent.ts';

/** What an agent must be for the server's promises to hold: it keeps reports until they are acked, and resends in order. */
export interface SpoolingAgent {
  readonly key: AgentKey;
  /** All reports ever made, in order, with whether the server has said that it stored them. */
  readonly made: ReadonlyArray<{ readonly report: ReportMessage; readonly isStored: boolean }>;
  sweep(found: readonly Finding[], holes: readonly Hole[], parts: number): void;
  check(found: readonly Finding[], holes: readonly Hole[]): void;
  boot(): void;
  /** Drops what is not stored, as a full spool does, and leaves a gap in the seqs. */
  overflow(): Promise<void>;
  /** Sends what is not stored, one by one, each after the ack of the one before. */
  deliver(): Promise<void>;
  /** Sends the next report and hangs up before its ack. */
  deliverWithoutAck(): Promise<void>;
  /** Sends the last stored report once more. */
  repeat(): Promise<void>;
  hangUp(): Promise<void>;
}

export function aSpoolingAgent(urlOf: () => string, joinToken: string, key: AgentKey = anAgentKey()): SpoolingAgent {
  const made: Array<{ report: ReportMessage; isStored: boolean; isDropped: boolean }> = [];
  let line: Line | undefined;
  let boot = 1;
  let seq = 0;
  let known: readonly Finding[] = [];
  let hasSwept = false;

  return {
    key,
    made,
    sweep(found, holes, parts) {
      const listed = found.filter((finding) => !isHidden(finding, holes));
      known = [...listed, ...known.filter((finding) => isHidden(finding, holes))];
      hasSwept = true;
      const scanId = randomUUID();
      const size = Math.ceil(listed.length / parts);
      for (let part = 1; part <= parts; part += 1) {
        const opened = listed.slice((part - 1) * size, part * size);
        make({ scanId, part, parts, opened, holes });
      }
    },
    check(found, holes) {
      if (!hasSwept) return;
      const opened = found.filter((finding) => !isHidden(finding, holes) && !has(known, finding));
      const cleared = known.filter((finding) => !isHidden(finding, holes) && !has(found, finding));
      known = [...known.filter((finding) => !has(cleared, finding)), ...opened];
      make({ full: false, opened, cleared: cleared.map(({ fingerprint }) => fingerprint), holes });
    },
    boot() {
      boot += 1;
      seq = 0;
      hasSwept = false;
      line?.socket.terminate();
      line = undefined;
    },
    async overflow() {
      await reconnect();
      for (const one of made) one.isDropped ||= !one.isStored;
      seq += 1;
      hasSwept = false;
    },
    async deliver() {
      line ??= await reconnect();
      for (let next = nextToSend(); next; next = nextToSend()) {
        const answer = await deliver(line, next.report);
        if (answer.type !== 'ack' || answer.boot !== next.report.boot || answer.seq !== next.report.seq) {
          line = undefined;
          throw new Error(`expected the ack of ${JSON.stringify(next.report)}, got ${JSON.stringify(answer)}`);
        }
        next.isStored = true;
      }
    },
    async deliverWithoutAck() {
      line ??= await reconnect();
      const next = nextToSend();
      if (next) line.send(next.report);
      await line.close();
      line = undefined;
    },
    async repeat() {
      line ??= await reconnect();
      const last = made.findLast((one) => one.isStored);
      if (last === undefined) return;
      const answer = await deliver(line, last.report);
      if (answer.type !== 'ack') throw new Error(`expected an ack, got ${JSON.stringify(answer)}`);
    },
    async hangUp() {
      await line?.close();
      line = undefined;
    },
  };

  function make(report: Parameters<typeof aReport>[0]): void {
    seq += 1;
    const open = known.map(({ fingerprint }) => fingerprint);
    made.push({ report: aReport({ boot, seq, open, ...report }), isStored: false, isDropped: false });
  }

  function nextToSend() {
    return made.find((one) => !one.isStored && !one.isDropped);
  }

  async function reconnect(): Promise<Line> {
    await line?.close();
    const { line: opened, acked } = await connectAgent(urlOf(), key, { joinToken, boot });
    for (const one of made) {
      const { report } = one;
      one.isStored ||= acked !== null && (report.boot - acked.boot || report.seq - acked.seq) <= 0 && !one.isDropped;
    }
    line = opened;
    return line;
  }
}

function isHidden(finding: Finding, holes: readonly Hole[]): boolean {
  return hiddenByHole(finding.subject, finding.name, holes);
}

function has(findings: readonly Finding[], finding: Finding): boolean {
  return findings.some((other) => other.fingerprint === finding.fingerprint);
}
