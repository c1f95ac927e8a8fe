import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { houseDir, runCommand } from './run-command.ts';
import type { Tally } from './tally.ts';

const vitest = ['node', join(houseDir, 'node_modules/vitest/vitest.mjs')];

/** The parts of vitest's JSON report that we count. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

interface Selection {
  readonly files?: readonly string[];
  readonly without?: readonly string[];
}

/** Runs one project of vitest.config.ts, or files of it, and counts its tests from the JSON report, never from what it prints. */
export async function runVitest(
  project: string,
  timeoutMs: number,
  { files = [], without = [], env = {} }: Selection & { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'pristine-vitest-'));
  const file = join(folder, 'report.json');
  try {
    const { ok } = await runCommand(
      [
        ...[...vitest, 'run', '--project', project, ...files],
        ...without.flatMap((file) => ['--exclude', file]),
        ...['--reporter=verbose', '--reporter=json', `--outputFile.json=${file}`],
      ],
      { output: 'show', timeoutMs, env },
    );
    return tallyOf(readReport(file), ok);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A project that cannot run here: its tests are collected but not run, and all of them count as skipped. */
export async function skipVitest(project: string, why: string): Promise<Tally> {
  const { ok, output } = await runCommand([...vitest, 'list', '--json', '--project', project], {
    output: 'keep',
    timeoutMs: 120_000,
  });
  const listed: unknown = ok ? JSON.parse(output.slice(output.indexOf('['))) : undefined;
  if (!Array.isArray(listed)) {
    console.log(output);
    return { passed: 0, failed: 1, skipped: 0, notes: [`failed: the tests of project ${project} could not be listed`] };
  }
  const note = `skipped: ${listed.length} tests of project ${project}: ${why}`;
  return { passed: 0, failed: 0, skipped: listed.length, notes: [note] };
}

/**
 * A file that could not be loaded has no tests to count and is one failure, and so is a run that failed outside of
 * every test (an unhandled rejection, a crash before the report was written).
 */
export function tallyOf(report: VitestReport | undefined, ok: boolean): Tally {
  if (!report) return { passed: 0, failed: 1, skipped: 0, notes: ['failed: a run that left no report'] };
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = report.numFailedTests + broken.length;
  const strayed = !ok && failed === 0;
  return {
    passed: report.numPassedTests,
    failed: strayed ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
    notes: [
      ...broken.map(({ name, message }) => `failed: ${name}: ${firstLine(message)}`),
      ...report.testResults.flatMap(notesOf),
      ...(strayed ? ['failed: a run that failed outside of every test'] : []),
    ],
  };
}

function notesOf({ name, assertionResults }: VitestReport['testResults'][number]): readonly string[] {
  return assertionResults.flatMap(({ fullName, status, failureMessages }) => {
    if (status === 'passed') return [];
    const isFailed = status === 'failed';
    return [
      `${isFailed ? `failed` : 'skipped'}: ${name}: ${fullName}${isFailed ? `: ${firstLine(failureMessages?.[0])}` : ''}`,
    ];
  });
}

function firstLine(message: string | undefined): string {
  return (message ?? '').split('\n', 1)[0]!.slice(0, 500);
}

function readReport(file: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  } catch {
    return undefined;
  }
}
