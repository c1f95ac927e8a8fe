import type { Backtest, SimulatedPlan, Simulation } from '../../../shared/api-foresight.ts';
import { CodedError } from '../../../shared/errors.ts';
import { imageRef } from '../../../shared/image.ts';
import type { Context } from '../context.ts';
import type { Cell, Output } from '../output.ts';
import { readDocuments } from './apply.ts';

const rowsMax = 20;
const [minuteMs, hourMs] = [60_000, 3_600_000];

/** Of the policies in a file; groups in it are taken as the server has them. Errors: CONFIG, and what the server refuses. */
export async function simulate(
  { remote, out, json }: Context,
  _args: readonly string[],
  { file, days }: { readonly file?: unknown; readonly days?: unknown },
): Promise<void> {
  const declared = readDocuments(String(file)).filter(({ body }) => (body as { kind?: unknown }).kind === 'Policy');
  if (declared.length === 0) throw new CodedError('CONFIG', `${String(file)}: expected a Policy, got only groups`);
  const body = { policies: declared.map((one) => one.body), days: days ?? 0 };
  const result = await remote.post<Simulation>('policies:simulate', body);
  if (json) return out.json(result);
  showPlan(out, result);
  if (result.backtest !== null) showBacktest(out, result.backtest);
  for (const warning of result.warnings) out.line(`warning: ${warning}`);
}

function showPlan(out: Output, { asWritten, enforced }: Simulation): void {
  const held = enforced.candidates - enforced.commands.length;
  const observes = asWritten.commands.length === enforced.commands.length ? '' : ', if it enforced';
  out.line(`now: ${enforced.commands.length} would be replaced, and ${held} held back${observes}`);
  const rows: Cell[][] = [
    ...enforced.commands.map((one): Cell[] => [
      ...[one.instanceId, one.policy, one.cause.trigger],
      { text: `replace with ${imageRef(one.target)}`, tone: 'good' },
    ]),
    ...enforced.blocked.map((one): Cell[] => [
      ...[one.instanceId, one.policy, one.cause.trigger],
      { text: one.blockers.map(({ kind, message }) => `${kind}: ${message}`).join('; '), tone: 'warn' },
    ]),
  ];
  if (rows.length > 0) out.table(['INSTANCE', 'POLICY', 'TRIGGER', 'NOW'], rows.slice(0, rowsMax));
  if (rows.length > rowsMax) out.line(`and ${enforced.candidates - rowsMax} more`);
  showHeld(out, enforced.heldBack);
  for (const { group, cause } of enforced.trips) out.line(`the breaker of group ${group} would open: ${cause}`);
}

function showHeld(out: Output, heldBack: SimulatedPlan['heldBack']): void {
  if (heldBack.length === 0) return;
  out.line('');
  out.table(
    ['HELD BACK BY', 'INSTANCES'],
    heldBack.map(({ kind, instances }) => [kind, instances]),
  );
}

function showBacktest(out: Output, past: Backtest): void {
  out.line('');
  out.line(
    `from ${past.from} to ${past.to}: ${past.replaced} would have been replaced, at most ${past.mostAtOnce} at once`,
  );
  out.line(`${past.waiting} would be waiting still; the longest wait ${hours(past.longestWaitMs)}`);
  if (past.perDay.length > 0)
    out.table(
      ['DAY', 'STARTED'],
      past.perDay.map(({ day, started }) => [day, started]),
    );
  if (past.heldBack.length > 0) {
    out.line('');
    out.table(
      ['HELD BACK BY', 'INSTANCE HOURS', 'AT MOST AT ONCE'],
      past.heldBack.map(({ kind, instanceHours, mostAtOnce }) => [kind, instanceHours.toFixed(1), mostAtOnce]),
    );
  }
  for (const { at, group, cause } of past.trips)
    out.line(`${at}: the breaker of group ${group} would have opened: ${cause}`);
  if (past.coarsestMs > 0)
    out.line(
      `so much happened that it was looked at in steps, of ${Math.ceil(past.coarsestMs / minuteMs)} min at most`,
    );
  out.line('');
  for (const assumption of past.assumptions) out.line(`assumed: ${assumption}`);
}

function hours(ms: number): string {
  return ms < hourMs ? `${Math.ceil(ms / minuteMs)} min` : `${(ms / hourMs).toFixed(1)} h`;
}
