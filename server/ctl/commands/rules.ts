import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { RulesDetail, RulesPreviewView, RulesView } from '../../../shared/api-rules.ts';
import { systemClock } from '../../../shared/clock.ts';
import { parseEnvelope } from '../../../shared/dsse.ts';
import { Duration, durationMs } from '../../../shared/duration.ts';
import { CodedError, sentenceOf } from '../../../shared/errors.ts';
import type { Context } from '../context.ts';
import type { Cell } from '../output.ts';
import { severityCell, shortDigest } from '../words.ts';

const askEveryMs = 500;

interface PushOptions {
  readonly yes?: unknown;
  readonly wait?: unknown;
}

/** Nothing comes into force before the preview was shown and somebody said yes. */
export async function push(context: Context, [file = '']: readonly string[], options: PushOptions): Promise<void> {
  const { remote, out, json } = context;
  const waitMs = waitOf(options.wait);
  const isAsking = options.yes !== true;
  if (isAsking && (json || !process.stdin.isTTY)) {
    throw new CodedError(
      'USAGE',
      'nobody is here to say yes: look at it with `rules push` on a terminal, or give --yes',
    );
  }
  const pushed = await remote.post<RulesDetail>('rules', { rules: parseEnvelope(await readRules(file)) });
  const candidate = await untilAnswered(context, pushed, waitMs);
  const { preview } = candidate;
  if (!json && preview !== null) tellPreview(context, candidate, preview);
  if (isAsking && !(await isConfirmed(candidate))) {
    out.line(`Not activated. \`pristinectl rules withdraw ${candidate.image} ${candidate.sequence}\` drops them.`);
    return;
  }
  await remote.post<RulesDetail>(`${pathOf(candidate)}/activate`);
  const active = await untilJudging(context, candidate, waitMs);
  if (json) return out.json({ ...active, preview });
  out.line(
    `Rules ${active.sequence} of ${active.image} are active; ${active.judging} of ${active.instances} instances judge by them.`,
  );
}

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  options: { readonly image?: unknown },
) {
  const image = typeof options.image === 'string' ? options.image : undefined;
  const page = await remote.get<{ readonly items: readonly RulesView[] }>('rules', { image });
  if (json) return out.json(page);
  out.table(
    ['IMAGE', 'SEQUENCE', 'STATE', 'RULES', 'JUDGING', 'PUSHED', 'ACTIVATED'],
    page.items.map((one) => [
      one.image,
      one.sequence,
      stateCell(one),
      one.rules,
      `${one.judging} of ${one.instances}`,
      one.pushedAt,
      one.activatedAt,
    ]),
  );
}

export async function show(context: Context, [image = '', sequence = '']: readonly string[]): Promise<void> {
  const { remote, out, json } = context;
  const rules = await remote.get<RulesDetail>(pathOf({ image, sequence }));
  if (json) return out.json(rules);
  out.facts([
    ['rules', `${rules.sequence} of ${rules.image}`],
    ['state', stateCell(rules)],
    ['digest', rules.digest],
    ['count', `${rules.rules}, with those of profile ${rules.profile}`],
    ['signed by', rules.signedBy.join(' ')],
    ['judging', `${rules.judging} of ${rules.instances} instances`],
    ['pushed', rules.pushedAt],
    ['activated', rules.activatedAt],
    ['ended', rules.endedAt],
  ]);
  if (rules.preview !== null) tellPreview(context, rules, rules.preview);
}

export async function withdraw({ remote, out, json }: Context, [image = '', sequence = '']: readonly string[]) {
  const rules = await remote.post<RulesDetail>(`${pathOf({ image, sequence })}/withdraw`);
  if (json) return out.json(rules);
  out.line(`Rules ${rules.sequence} of ${rules.image} are withdrawn.`);
}

function tellPreview({ out }: Context, { image, sequence }: RulesDetail, preview: RulesPreviewView): void {
  const { instances, answered, unansweredCount, unanswered } = preview;
  out.line(`Rules ${sequence} of ${image}, tried on ${answered} of ${instances} instances:`);
  out.line(`${preview.turningDrifted} would turn drifted, ${preview.turningInSync} in sync.`);
  tellDrifts('Newly flagged', preview.flagged);
  tellDrifts('Newly silent', preview.silent);
  tellDrifts('Of another severity', preview.regraded);
  if (preview.unlisted > 0) out.line(`${preview.unlisted} more differences are counted and not named.`);
  if (unansweredCount > 0) {
    out.line('');
    out.line(`Nothing is known of ${unansweredCount} instances:`);
    out.table(
      ['INSTANCE', 'WHY'],
      unanswered.map(({ instanceId, why }): Cell[] => [instanceId, why]),
    );
  }

  function tellDrifts(title: string, drifts: RulesPreviewView['flagged']): void {
    out.line('');
    out.line(drifts.length === 0 ? `${title}: nothing` : `${title}:`);
    if (drifts.length === 0) return;
    out.table(
      ['DRIFT', 'NOW', 'THEN', 'CHANGE', 'SUBJECT', 'NAME', 'ON'],
      drifts.map(({ fingerprint, before, after, change, subject, name, instances: on }): Cell[] => [
        shortDigest(fingerprint),
        before === null ? null : severityCell(before),
        after === null ? null : severityCell(after),
        ...[change, subject, name, on],
      ]),
    );
  }
}

/** Until every connected agent has said what it would find, or the time is over: who is missing then is told. */
async function untilAnswered({ remote }: Context, pushed: RulesDetail, waitMs: number): Promise<RulesDetail> {
  const isWaiting = ({ preview }: RulesDetail) =>
    preview?.unanswered.some(({ why }) => why === 'waiting') === true ||
    preview?.unansweredCount !== preview?.unanswered.length;
  return untilSo(
    pushed,
    isWaiting,
    () => remote.get<RulesDetail>(pathOf(pushed)),
    waitMs,
    ({ preview }) => (preview === null ? '' : `${preview.answered} of ${preview.instances} instances have tried them`),
  );
}

async function untilJudging({ remote }: Context, candidate: RulesDetail, waitMs: number): Promise<RulesDetail> {
  const reachable = candidate.preview?.answered ?? candidate.instances;
  const read = () => remote.get<RulesDetail>(pathOf(candidate));
  return untilSo(
    await read(),
    ({ judging }) => judging < reachable,
    read,
    waitMs,
    ({ judging, instances }) => `${judging} of ${instances} instances judge by them`,
  );
}

async function untilSo(
  first: RulesDetail,
  isWaiting: (rules: RulesDetail) => boolean,
  read: () => Promise<RulesDetail>,
  waitMs: number,
  progress: (rules: RulesDetail) => string,
): Promise<RulesDetail> {
  const deadline = systemClock.monotonic() + waitMs;
  let rules = first;
  let told = '';
  while (isWaiting(rules) && systemClock.monotonic() < deadline) {
    const line = progress(rules);
    if (line !== told) process.stderr.write(`${line}\n`);
    told = line;
    await systemClock.sleep(askEveryMs);
    rules = await read();
  }
  return rules;
}

async function isConfirmed({ image, sequence }: RulesDetail): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(`Activate rules ${sequence} of ${image}? Type yes: `)).trim() === 'yes';
  } finally {
    terminal.close();
  }
}

async function readRules(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new CodedError('CONFIG', `expected signed rules in ${file}: ${sentenceOf(cause)}`, cause);
  }
}

function waitOf(given: unknown): number {
  const parsed = Duration.safeParse(given ?? '5m');
  if (!parsed.success) throw new CodedError('USAGE', `--wait: expected a duration such as 5m, got ${given}`);
  return durationMs(parsed.data);
}

function pathOf({ image, sequence }: { readonly image: string; readonly sequence: number | string }): string {
  return `rules/${encodeURIComponent(image)}/${encodeURIComponent(sequence)}`;
}

function stateCell({ state }: RulesView): Cell {
  return { text: state, tone: state === 'active' ? 'good' : state === 'candidate' ? 'warn' : 'quiet' };
}
