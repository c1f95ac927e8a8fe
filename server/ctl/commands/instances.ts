import { whoSentence } from '../../../shared/actor-text.ts';
import type { Instance, InstanceFinding } from '../../../shared/api.ts';
import type { AbsentMachine } from '../../../shared/api-absent.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Hole } from '../../../shared/coverage.ts';
import { withheldWords } from '../../../shared/diff-text.ts';
import { serverHoleText } from '../../../shared/server-hole-text.ts';
import { severities } from '../../../shared/severity.ts';
import type { Context } from '../context.ts';
import type { Cell, Output } from '../output.ts';
import { wantedId } from '../wanted-id.ts';
import {
  contentCell,
  differenceText,
  doubtsCell,
  imageCell,
  livenessCell,
  pairsCell,
  severityCell,
  taintCell,
} from '../words.ts';

/** Errors: USAGE where several are called so. */
export async function instancePath({ remote }: Context, wanted: string): Promise<string> {
  const id = await wantedId(wanted, 'instance', async () => {
    const { items } = await remote.list<Instance>('instances', { all: true });
    return items.map(({ id, providerId, lifecycle }) => ({ id, name: providerId, isPast: lifecycle === 'retired' }));
  });
  return `instances/${encodeURIComponent(id)}`;
}

interface ListOptions {
  readonly group?: string | number | boolean | undefined;
  readonly content?: string | number | boolean | undefined;
  readonly lifecycle?: string | number | boolean | undefined;
  readonly all?: string | number | boolean | undefined;
  readonly diff?: string | number | boolean | undefined;
}

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  options: ListOptions,
): Promise<void> {
  const { group, content, lifecycle, all } = options;
  const page = await remote.list<Instance>('instances', { group, content, lifecycle, all });
  if (json) return out.json(page);
  // They have no verdict and no life of their own, so a list that is narrowed to one leaves them out.
  const isNarrowed = content !== undefined || lifecycle !== undefined;
  const absent = isNarrowed ? [] : (await remote.list<AbsentMachine>('absent-machines', { group })).items;
  out.table(
    ['ID', 'GROUP', 'IMAGE', 'CONTENT', 'LIVENESS', 'CURRENCY', 'LIFECYCLE', 'TAINT', 'FINDINGS', 'MACHINE', 'WHY'],
    page.items
      .map((instance): Cell[] => [
        instance.id,
        instance.group,
        imageCell(instance.image, instance.imageDigest),
        contentCell(instance.content),
        livenessCell(instance.liveness),
        instance.currency,
        instance.lifecycle,
        taintCell(instance.taint),
        instance.openFindings,
        instance.providerId,
        whyUnverifiable(instance),
      ])
      .concat(absent.map(absentRow)),
  );
}

export async function listAbsent({ remote, out, json }: Context, _args: readonly string[], { group }: ListOptions) {
  const page = await remote.list<AbsentMachine>('absent-machines', { group });
  if (json) return out.json(page);
  out.table(
    ['MACHINE', 'GROUP', 'ZONE', 'LIVENESS', 'LISTED SINCE'],
    page.items.map((one) => [one.providerId, one.group, one.zone, livenessCell(one.liveness), one.listedSince]),
  );
}

/** No agent ever spoke for it, so there is nothing to know but what its provider says. */
function absentRow({ group, providerId, liveness, listedSince }: AbsentMachine): Cell[] {
  const since = `no agent since ${listedSince}`;
  return [null, group, null, null, livenessCell(liveness), null, null, null, null, providerId, since];
}

/** In a word or two: `instances get` has the whole. A doubt is told whatever the verdict. */
function whyUnverifiable({ content, doubts, serverHoles, evidence }: Instance): Cell {
  const why = doubts.map(({ kind }) => kind).join(', ');
  if (why !== '' || content !== 'unverifiable') return why === '' ? null : { text: why, tone: 'warn' };
  const [held] = serverHoles;
  if (held !== undefined) return held.reason;
  if (evidence === null) return 'never scanned';
  const holes = evidence.coverage.holes.length;
  if (holes > 0) return `${holes} ${holes === 1 ? 'hole' : 'holes'}`;
  return Date.parse(evidence.expiresAt) <= systemClock.now() ? 'evidence expired' : 'not confirmed';
}

export async function get(context: Context, [wanted = '']: readonly string[]): Promise<void> {
  show(context, await context.remote.get<Instance>(await instancePath(context, wanted)));
}

export function show({ out, json }: Context, instance: Instance): void {
  if (json) return void out.json(instance);
  const { evidence, taint, doubts } = instance;
  out.facts([
    ['instance', instance.id],
    ['group', instance.group],
    ['machine', instance.providerId],
    ['image', imageCell(instance.image, instance.imageDigest)],
    ['content', contentCell(instance.content)],
    ['liveness', livenessCell(instance.liveness)],
    ['currency', instance.currency],
    ['lifecycle', instance.lifecycle],
    ['taint', taint === null ? null : `${taint.severity} since ${taint.since}`],
    ['in doubt', doubtsCell(doubts)],
    ['open findings', instance.openFindings],
    ['exempted', exemptedText(instance)],
    [
      'evidence',
      evidence === null
        ? 'none: never completely scanned'
        : `scan of ${evidence.finishedAt}: ${evidence.coverage.checked} checked, ` +
          `${evidence.coverage.holes.length} holes, ${evidence.coverage.skipped.length} skipped; vouches until ${evidence.expiresAt}`,
    ],
    ['holes', evidence === null ? null : holesText(evidence.coverage.holes)],
    ['labels', pairsCell(instance.labels)],
    ['facts', pairsCell(instance.facts)],
    ['key', instance.key],
    ['held against it', instance.serverHoles.map(serverHoleText).join('; ') || null],
    ['started from', instance.startedFrom],
    ['enrolled', `${instance.enrolledAt} by ${instance.enrolledBy}${enrolledWith(instance)}`],
    ['last seen', instance.lastSeenAt],
  ]);
}

function exemptedText({ exempted }: Instance): string | null {
  if (exempted === null) return null;
  return `${exempted.findings === 1 ? '1 finding' : `${exempted.findings} findings`} exempted until ${exempted.until}`;
}

const holesShownMax = 5;

function holesText(holes: readonly Hole[]): string | null {
  const shown = holes.slice(0, holesShownMax).map(({ subject, name, reason }) => `${subject} ${name} (${reason})`);
  const more = holes.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more, with --json`] : [])].join('; ') || null;
}

function enrolledWith({ enrolledWith: vouching }: Instance): string {
  return vouching === null ? '' : ` (${vouching})`;
}

export async function findings(
  context: Context,
  [wanted = '']: readonly string[],
  { all, diff }: ListOptions,
): Promise<void> {
  const { remote, out, json } = context;
  const path = await instancePath(context, wanted);
  const page = await remote.list<InstanceFinding>(`${path}/findings`, all === true ? {} : { open: true });
  if (json) return out.json(page);
  const worstFirst = page.items.toSorted((a, b) => severities.indexOf(b.severity) - severities.indexOf(a.severity));
  if (diff === true) return showDiffs(out, worstFirst);
  out.table(
    ['SEVERITY', 'CHANGE', 'SUBJECT', 'NAME', 'DIFFERENCE', 'SINCE', 'CLOSED', 'EXEMPT UNTIL', 'WHO'],
    worstFirst.map((finding) => [
      severityCell(finding.severity),
      finding.change,
      finding.subject,
      finding.name,
      differenceText(finding),
      finding.firstSeenAt,
      finding.closedAt,
      finding.exempted?.until ?? null,
      whoSentence(finding) ?? null,
    ]),
  );
}

function showDiffs(out: Output, findings: readonly InstanceFinding[]): void {
  for (const finding of findings) {
    const { severity, change, subject, name, diff } = finding;
    const difference = differenceText(finding);
    out.line(`${severity} ${change} ${subject} ${name}${difference === null ? '' : `: ${difference}`}`);
    const who = whoSentence(finding);
    if (who !== undefined) out.line(`  ${who}`);
    if (diff === undefined) continue;
    if ('withheld' in diff) out.line(`  text not shown: ${withheldWords[diff.withheld]}`);
    else out.diff(diff.text);
    if ('truncated' in diff && diff.truncated) out.line('  cut: there is more than is shown');
  }
}

/** What a person says about an instance, with the reason. */
export function decide(what: 'pardon' | 'trust' | 'accept' | 'revoke-key' | 'retire') {
  return async (
    context: Context,
    [wanted = '']: readonly string[],
    { reason }: { readonly reason?: unknown },
  ): Promise<void> => {
    const path = await instancePath(context, wanted);
    show(context, await context.remote.post<Instance>(`${path}/${what}`, { reason }));
  };
}

/** What the agent does in its own time. */
export function ask(what: 'scan' | 'rotate-key', said: string) {
  return async ({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> => {
    const asked = await remote.post<object>(`${await instancePath({ remote, out, json }, wanted)}/${what}`);
    if (json) out.json(asked);
    else out.line(`asked ${wanted} for ${said}`);
  };
}
