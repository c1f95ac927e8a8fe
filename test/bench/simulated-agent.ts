import { generateKeyPairSync, sign } from 'node:crypto';
import { pino } from 'pino';
import { createConnection } from '../../agent/report/connection.ts';
import type { ServerTrust } from '../../agent/report/server-trust.ts';
import { comparePlaces, type Place, type Spool } from '../../agent/report/spool.ts';
import type { Identity } from '../../agent/state/identity.ts';
import { systemClock } from '../../shared/clock.ts';
import { helloBytes, type ReportMessage } from '../../shared/protocol.ts';
import { anImageDigest } from '../support/builders.ts';
import { aReport } from '../support/reports.ts';

/** The agent's own connection, with nothing to scan behind it and a spool in memory. */
export interface SimulatedAgent {
  readonly isConnected: boolean;
  /** Seq of the last report that was acked. */
  readonly ackedSeq: number;
  /** Why connections ended or did not come about, in its own words. */
  readonly ends: readonly string[];
  /** Milliseconds from the spool to the ack of the last of them, and of what is told meanwhile. */
  tell(reports: readonly Partial<ReportMessage>[]): Promise<number>;
  forgetEnds(): void;
}

export interface SimulatedServer {
  readonly url: string;
  readonly joinToken: string;
  readonly trust: () => ServerTrust;
}

export function simulateAgent({ url, joinToken, trust }: SimulatedServer, signal: AbortSignal): SimulatedAgent {
  const spool = spoolInMemory();
  const enrolment = { by: 'token', token: joinToken } as const;
  let seq = 0;
  let isConnected = false;
  let ends: string[] = [];
  let waiting: Array<() => void> = [];
  const connection = createConnection({
    ...{
      url,
      spool,
      trust,
      clock: systemClock,
      identity: newIdentity(),
      log: pino({ level: 'silent' }),
    },
    hello: async () => ({
      ...{ boot: 1, image: anImageDigest, rules: 1, agentVersion: '0.1.0', enrolment },
      facts: { hostname: 'simulated', kernel: '6.1.0-30-amd64', os: 'Debian GNU/Linux 12' },
    }),
    lastPlace: () => ({ boot: 1, seq }),
    notes: {
      state(state, why) {
        isConnected = state === 'connected';
        if (why !== null) ends.push(why);
      },
      welcome: () => undefined,
      acked() {
        if (spool.head() !== undefined) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      },
      scanRequested: () => undefined,
      rulesOffered: () => undefined,
      disagreement: async () => void ends.push('disagreement'),
    },
  });
  void connection.run(signal);
  return {
    get isConnected() {
      return isConnected;
    },
    get ackedSeq() {
      return (spool.head()?.seq ?? seq + 1) - 1;
    },
    get ends() {
      return ends;
    },
    async tell(reports) {
      const from = performance.now();
      await spool.append(reports.map((report) => aReport({ ...report, boot: 1, seq: ++seq })));
      const acked = new Promise<void>((resolve) => waiting.push(resolve));
      connection.wake();
      await acked;
      return performance.now() - from;
    },
    forgetEnds() {
      ends = [];
    },
  };
}

function newIdentity(): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return {
    prove: (nonce) => ({
      publicKey: pem,
      signature: sign(null, helloBytes(nonce, pem), privateKey).toString('base64'),
    }),
    prepareNext: async () => undefined,
    welcomed: async () => undefined,
    refused: () => false,
  };
}

/** A disk of ten thousand agents on this one would be what is measured. */
function spoolInMemory(): Spool {
  let entries: Array<Place & { readonly frame: string; readonly stateDigest: string }> = [];
  return {
    get reports() {
      return entries.length;
    },
    trouble: null,
    handedOut: { boot: 0, seq: 0 },
    get bytes() {
      return entries.reduce((sum, { frame }) => sum + frame.length, 0);
    },
    async append(reports) {
      for (const report of reports) {
        const { boot, seq, stateDigest } = report;
        entries.push({ boot, seq, stateDigest, frame: JSON.stringify(report) });
      }
      return { fate: 'stored', dropped: nothing };
    },
    replace: async () => false,
    head: (after) => entries.find((entry) => after === undefined || comparePlaces(entry, after) > 0),
    read: async (place) => entries.find((entry) => comparePlaces(entry, place) === 0),
    async forget(upTo) {
      entries = entries.filter((entry) => comparePlaces(entry, upTo) > 0);
    },
    async clear() {
      entries = [];
      return nothing;
    },
    takeDamaged: () => 0,
  };
}

const nothing = { reports: 0, gaps: [] };
