import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../shared/clock.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { Report } from '../../shared/report.ts';
import type { Baseline } from './baseline.ts';

/** Looks at a whole root and says how it differs. Errors: IO, TIMEOUT, TOO_LARGE; and the signal's reason. */
export type Sweep = (root: string, baseline: Baseline, signal: AbortSignal) => Promise<Report>;

/** The agent's program is another one: named by its path, never imported. */
const program = fileURLToPath(new URL('../../agent/pristine.js', import.meta.url));

/** `sweep` bounds what it tells to 16 MiB of findings, the gravest first, and says so with a hole. */
const reportBytesMax = 24 * 1_048_576;
const complaintCharsMax = 2_000;
/** For a `node` that must not take the memory of the server it serves. */
const heapMegabytesMax = 1_024;

/**
 * By `pristine` in a child of its own, at the lowest priority: the server goes on serving meanwhile, and whatever a hostile
 * disk does to its reader, it does not do it to the server. No environment, so that nothing changes how it looks.
 */
export function createSweep({ clock, sweepMsMax }: { readonly clock: Clock; readonly sweepMsMax: number }): Sweep {
  return async (root, { manifest, pub, components }, signal) => {
    const said = await run(
      [
        ...[`--max-old-space-size=${heapMegabytesMax}`, program, 'sweep', '--low-priority'],
        ...['--root', root, '--manifest', manifest, '--pub', pub],
        ...(components === undefined ? [] : ['--components', components]),
      ],
      { clock, sweepMsMax, signal },
    );
    const report = Report.parse(JSON.parse(said));
    if (report.error !== undefined) throw new CodedError('IO', `${report.error.code}: ${report.error.message}`);
    return report;
  };
}

interface Bounds {
  readonly clock: Clock;
  readonly sweepMsMax: number;
  readonly signal: AbortSignal;
}

function run(args: readonly string[], { clock, sweepMsMax, signal }: Bounds): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
    const done = new AbortController();
    const chunks: Buffer[] = [];
    let bytes = 0;
    let complaint = '';
    let why: unknown;
    const giveUp = (reason: unknown) => {
      why ??= reason;
      child.kill('SIGKILL');
    };
    const abort = () => giveUp(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    clock.sleep(sweepMsMax, done.signal).then(
      () => giveUp(new CodedError('TIMEOUT', `looking at the disk took longer than ${sweepMsMax / 1_000} s`)),
      () => undefined,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= reportBytesMax) chunks.push(chunk);
      else giveUp(new CodedError('TOO_LARGE', `expected a report of at most ${reportBytesMax} bytes`));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-complaintCharsMax);
    });
    const finish = () => {
      done.abort();
      signal.removeEventListener('abort', abort);
    };
    child.once('error', (cause) => {
      finish();
      reject(new CodedError('IO', `could not start pristine: ${sentenceOf(cause)}`, cause));
    });
    child.once('close', (code, killedBy) => {
      finish();
      if (why !== undefined) reject(why);
      else if (code === 0 || code === 1 || code === 3) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(new CodedError('IO', `pristine ended with ${code ?? killedBy}: ${complaint.trim()}`));
    });
  });
}
