import type { Look, LookDifference } from '../../../shared/api-looks.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';
import { wantedId } from '../wanted-id.ts';
import { differenceText, severityCell } from '../words.ts';
import { instancePath } from './instances.ts';

const pollMs = 500;

/** Asks for a look; with --wait until it has ended. */
export async function look(
  context: Context,
  [wanted = '']: readonly string[],
  { wait }: { readonly wait?: string | number | boolean | undefined },
): Promise<void> {
  const { remote, out, json } = context;
  let asked = await remote.post<Look>(`${await instancePath(context, wanted)}/looks`);
  while (wait === true && asked.state !== 'ended') {
    await systemClock.sleep(pollMs);
    asked = await remote.get<Look>(`looks/${asked.id}`);
  }
  if (json) return out.json(asked);
  if (wait === true) return show(context, asked);
  out.line(`look ${asked.id} at ${wanted}: ${asked.state}`);
}

/** At one instance. */
export async function listOf(context: Context, [wanted = '']: readonly string[]): Promise<void> {
  const instance = (await instancePath(context, wanted)).slice('instances/'.length);
  await showAll(context, { instance: decodeURIComponent(instance) });
}

export async function list(
  context: Context,
  _args: readonly string[],
  { group }: { readonly group?: string | number | boolean | undefined },
): Promise<void> {
  await showAll(context, { group });
}

async function showAll({ remote, out, json }: Context, query: Parameters<typeof remote.list>[1]): Promise<void> {
  const page = await remote.list<Look>('looks', query);
  if (json) return out.json(page);
  out.table(
    ['ID', 'INSTANCE', 'REQUESTED', 'WHY', 'OUTCOME', 'NOT TOLD', 'DETAIL'],
    page.items.map((one) => [
      ...[one.id, one.instanceId, one.requestedAt, one.why],
      ...[outcomeCell(one), one.differencesCount, one.detail],
    ]),
  );
}

export async function get(context: Context, [wanted = '']: readonly string[]): Promise<void> {
  const id = await wantedId(wanted, 'look', async () => (await context.remote.list<Look>('looks')).items);
  const one = await context.remote.get<Look>(`looks/${encodeURIComponent(id)}`);
  if (context.json) return context.out.json(one);
  show(context, one);
}

function show({ out }: Context, one: Look): void {
  const { measure } = one;
  out.facts([
    ['look', one.id],
    ['instance', one.instanceId],
    ['why', one.why],
    ['outcome', outcomeCell(one)],
    ['detail', one.detail],
    [
      'seen',
      measure === null
        ? 'nothing'
        : `${measure.verdict}: ${measure.checked} checked, ${measure.findings} findings, ${measure.holesCount} holes, ` +
          `by rules ${measure.rules}, ${measure.startedAt} to ${measure.finishedAt}`,
    ],
    ['not told', one.differencesCount],
    ['left out', one.leftOut],
    ['rounds', one.rounds],
    ['requested', one.requestedAt],
    ['ended', one.finishedAt],
  ]);
  if (one.differences.length === 0) return;
  out.table(
    ['SEVERITY', 'CHANGE', 'SUBJECT', 'NAME', 'DIFFERENCE', 'TOLD', 'STANDS'],
    one.differences.map((difference: LookDifference) => [
      severityCell(difference.severity),
      difference.change,
      difference.subject,
      difference.name,
      differenceText(difference),
      difference.told,
      difference.stands ? { text: 'yes', tone: 'bad' } : 'no',
    ]),
  );
}

const toneOf = { agrees: 'good', differs: 'bad', undecided: 'warn', failed: 'warn' } as const;

function outcomeCell({ outcome, state }: Look): Cell {
  return outcome === null ? state : { text: outcome, tone: toneOf[outcome] };
}
