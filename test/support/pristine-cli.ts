import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { changesUs } from '../../agent/own-environment.ts';
import { Report } from '../../shared/report.ts';
import { canonical } from './manifest-oracle.ts';

export const entryFile = fileURLToPath(new URL('../../agent/pristine.js', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly peakRssKb: number;
}

export interface RunOptions {
  /** A command that ends in `exec "$@"`. */
  readonly before?: readonly string[];
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly program?: readonly string[];
  readonly onStart?: (pid: number) => void;
}

/** What of this machine's environment would change what a command does, it says, and begins anew without. */
export const cleanEnvironment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !changesUs(name)));

/** The real command as a child. Nothing may ever hang: past the time limit its process group is killed and the test fails. */
export function pristine(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const program = options.program ?? [process.execPath, entryFile];
  const [command, ...rest] = [...(options.before ?? []), ...program, ...args];
  const timeoutMs = options.timeoutMs ?? 120_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command!, rest, {
      cwd: options.cwd,
      env: cleanEnvironment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let peakRssKb = 0;
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => err.push(chunk));
    const sampling = setInterval(() => {
      peakRssKb = Math.max(peakRssKb, peakOf(child.pid));
    }, 50);
    const limit = setTimeout(() => {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
      reject(new Error(`no end within ${timeoutMs} ms: pristine ${args.join(' ')}\n${Buffer.concat(err)}`));
    }, timeoutMs);
    const done = () => {
      clearInterval(sampling);
      clearTimeout(limit);
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (code) => {
      done();
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), peakRssKb });
    });
    if (child.pid) options.onStart?.(child.pid);
  });
}

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export interface Keys {
  readonly key: string;
  readonly pub: string;
}

export async function keygen(prefix: string): Promise<Keys> {
  await succeed(['keygen', '--out', prefix]);
  return { key: `${prefix}.key`, pub: `${prefix}.pub` };
}

export interface BakeOptions extends RunOptions {
  readonly root: string;
  readonly out: string;
  readonly key?: string | undefined;
  readonly config?: string | undefined;
  readonly version?: string;
}

export function bake(options: BakeOptions): Promise<Run> {
  const { root, out, key, config, version = '1' } = options;
  const optional = [...(key ? ['--key', key] : []), ...(config ? ['--config', config] : [])];
  return pristine(
    ['bake', '--root', root, '--image', 'web', '--image-version', version, '--out', out, ...optional],
    options,
  );
}

export interface VerifyOptions extends RunOptions {
  readonly root: string;
  readonly manifest: string;
  readonly pub: string;
  readonly pins?: string;
  readonly failOn?: string;
}

/** `verify --format json`: its code and its one object, which must agree with each other in every way the contract says. */
export async function verify(options: VerifyOptions): Promise<{ code: number | null; report: Report; run: Run }> {
  const { root, manifest, pub, pins, failOn } = options;
  const level = [...(failOn ? ['--fail-on', failOn] : []), ...(pins ? ['--pins', pins] : [])];
  const run = await pristine(
    ['verify', '--root', root, '--manifest', manifest, '--pub', pub, '--format', 'json', ...level],
    options,
  );
  const report = parseReport(run);
  assertAgreement(run.code, report, failOn ?? 'low');
  return { code: run.code, report, run };
}

/** One line a finding, sorted: what whole finding lists are compared by. */
export function brief(report: Report): string[] {
  return report.findings
    .map((finding) => {
      const attributes = finding.attributes.toSorted().join(',');
      return `${finding.change} ${finding.subject} ${finding.name} [${attributes}] ${finding.severity}`;
    })
    .toSorted();
}

export async function succeed(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const run = await pristine(args, options);
  if (run.code !== 0) throw new Error(`exit ${run.code}: pristine ${args.join(' ')}\n${run.stderr}${run.stdout}`);
  return run;
}

export async function bakeSigned(options: BakeOptions & { readonly key: string }): Promise<void> {
  const run = await bake(options);
  if (run.code !== 0) throw new Error(`exit ${run.code}: pristine bake\n${run.stderr}`);
}

export function parseReport(run: Run): Report {
  let value: unknown;
  try {
    value = JSON.parse(run.stdout);
  } catch {
    throw new Error(`expected one JSON object at exit ${run.code}, got ${run.stdout.slice(0, 500)}\n${run.stderr}`);
  }
  return Report.parse(value);
}

const order = ['info', 'low', 'medium', 'high', 'critical'];

function assertAgreement(code: number | null, report: Report, failOn: string): void {
  const atLeast = (floor: string) =>
    report.findings.some(({ severity }) => order.indexOf(severity) >= order.indexOf(floor));
  const holes = report.coverage.holes.length > 0;
  const verdict = atLeast('low') ? 'drifted' : holes ? 'unverifiable' : 'in_sync';
  const expectedCode = atLeast(failOn) ? 1 : holes ? 3 : 0;
  const summary = { added: 0, removed: 0, modified: 0 };
  for (const finding of report.findings) {
    summary[finding.change] += 1;
    const pairs = finding.attributes.map((name) => [
      name,
      [finding.expected[name] ?? null, finding.actual[name] ?? null],
    ]);
    const { subject, name, change } = finding;
    const identity = canonical({ v: 1, subject, name, change, attributes: Object.fromEntries(pairs) });
    same(finding.fingerprint, createHash('sha256').update(identity).digest('hex'), `fingerprint of ${name}`);
  }
  same(report.schema, 'pristine.report/1', 'schema');
  same(code, expectedCode, 'exit code');
  same(report.verdict, verdict, 'verdict');
  same(canonical(report.summary), canonical(summary), 'summary');
  same(report.startedAt <= report.finishedAt, true, 'startedAt before finishedAt');
  if (report.image === null) same(report.error !== undefined, true, 'no image only with an error');
  if (report.error) same(report.verdict, 'unverifiable', 'verdict of a scan that ended with an error');
}

function same(got: unknown, expected: unknown, what: string): void {
  if (got !== expected) throw new Error(`the report contradicts itself: ${what}: expected ${expected}, got ${got}`);
}
