import type { Attributes } from '../../shared/entry.ts';
import { factSentence } from '../../shared/fact-text.ts';
import { imageRef } from '../../shared/image.ts';
import { terminalSafe } from '../../shared/name.ts';
import type { ExplainedFact, ExplainedPath, Explanation } from '../rules/explanation.ts';
import { paint } from './paint.ts';
import { value } from './report-text.ts';

/** An explanation for a person: of each path first what it is, then what decided, then what is known of it. */
export function explanationText({ image, rules, root, paths }: Explanation): string {
  const head = `${terminalSafe(root)} against ${imageRef(image)}, rules ${rules}`;
  return `${[head, ...paths.flatMap((path) => ['', paint('bold', terminalSafe(path.name)), ...linesOf(path, root)])].join('\n')}\n`;
}

type Line = readonly [title: string, text: string];

function linesOf(path: ExplainedPath, root: string): string[] {
  const lines: readonly Line[] = [
    ['is', `${outcomeText(path)}${isDirectoryAsBaked(path) ? ', itself: what lies in it is not looked at' : ''}`],
    ...differences(path),
    ...path.holes.map(({ reason, name }): Line => ['hole', `${reason}: ${name}`]),
    ...(path.link ? [linkLine(path.link)] : []),
    ...rootLines(path, root),
    ['rule', ruleText(path)],
    ['guards', guardsText(path)],
    ['baked', attributesText(path.baked)],
    ['now', nowText(path)],
    ...(path.finding === null ? [] : [['finding', path.finding.fingerprint] as const]),
    ...(path.package === null ? [] : [['package', packageText(path.package)] as const]),
    ...factLines(path.facts),
    ...(path.since === null ? [] : [['since', sinceText(path.since, path.finding?.fingerprint)] as const]),
  ];
  return lines.map(([title, text]) => `  ${paint('dim', title.padEnd(8))}  ${terminalSafe(text)}`);
}

function isDirectoryAsBaked({ outcome, baked }: ExplainedPath): boolean {
  return outcome === 'as-baked' && baked?.['type'] === 'dir';
}

function outcomeText({
  outcome,
  finding,
  why,
  leftOut,
}: ExplainedPath | (ExplainedFact & { leftOut?: never })): string {
  switch (outcome) {
    case 'as-baked':
      return 'as it was baked';
    case 'absent':
      return 'nothing: none was baked, and none is there';
    case 'allowed':
      return `different, and the rule allows it: ${why}`;
    case 'left-out':
      return `not looked at: ${leftOut?.by} at ${leftOut?.at}${leftOut?.reason === undefined ? '' : `, ${leftOut.reason}`}`;
    case 'finding':
      return `${finding!.change}: a finding, ${finding!.severity}, by ${finding!.rule}`;
    case 'hole':
      return 'not measured: a hole';
    default:
      return outcome satisfies never;
  }
}

/** Attribute by attribute, those that count first. */
function differences({ finding, allowed, why, baked, actual, outcome }: ExplainedPath): readonly Line[] {
  if (baked === null || actual === null) return [];
  const change = (attribute: string) => `${attribute} ${value(baked[attribute])} → ${value(actual[attribute])}`;
  const free = outcome === 'allowed' ? '' : `, allowed: ${why}`;
  return [
    ...(finding?.attributes ?? []).map((attribute): Line => ['differs', change(attribute)]),
    ...allowed.map((attribute): Line => ['differs', `${change(attribute)}${free}`]),
  ];
}

function linkLine({ at, target, leadsTo }: NonNullable<ExplainedPath['link']>): Line {
  return ['link', `${at} is a link to ${target}, and no scan follows one: see ${leadsTo}`];
}

/** Whoever completes a path in a shell has the root in it. */
function rootLines({ outcome, name }: ExplainedPath, root: string): readonly Line[] {
  const prefix = `${root.replace(/\/+$/, '')}/`;
  if (outcome !== 'absent' || prefix === '/' || !name.startsWith(prefix)) return [];
  return [['root', `paths are within it: ask for /${name.slice(prefix.length)}`]];
}

function ruleText({ rule }: ExplainedPath): string {
  const { pattern, as, severity, from, number, reason, override, accept } = rule;
  const origin: Readonly<Record<typeof from, string>> = {
    image: 'of the image',
    profile: 'of the profile',
    default: 'where no rule matches',
    pristine: 'built in',
    unknown: 'of the image or its profile',
  };
  return [
    `${pattern} as ${as}, severity ${severity}: ${number === undefined ? '' : `rule ${number}, `}${origin[from]}`,
    ...(reason === undefined ? [] : [`reason: ${reason}`]),
    ...(override === undefined ? [] : [`overrides ${override.join(', ')}`]),
    ...(accept === undefined ? [] : [`accepts ${accept.length} other contents`]),
  ].join('; ');
}

function guardsText({ guards }: ExplainedPath): string {
  return guards
    .map(({ name, silenced, reads }) => {
      const notes = [
        ...(reads === undefined ? [] : [`reads it as ${reads.join(', ')}`]),
        ...(silenced ? ['silenced'] : []),
      ];
      return notes.length === 0 ? name : `${name} (${notes.join('; ')})`;
    })
    .join(', ');
}

function attributesText(attributes: Attributes | null): string {
  if (attributes === null) return 'nothing';
  return Object.entries(attributes)
    .map(([name, raw]) => `${name} ${value(raw)}`)
    .join(', ');
}

function nowText({ outcome, baked, actual }: ExplainedPath): string {
  if (outcome === 'left-out') return 'not looked at';
  if (actual === null && outcome === 'hole') return 'could not be seen';
  return outcome === 'as-baked' && baked !== null ? 'the same' : attributesText(actual);
}

function packageText({
  name,
  bakedVersion,
  version,
  config,
  asPackaged,
}: NonNullable<ExplainedPath['package']>): string {
  const versions = bakedVersion === version ? (version ?? '') : `${bakedVersion ?? 'none'} → ${version ?? 'none'}`;
  const content =
    asPackaged === null ? 'it does not say of the content' : `content ${asPackaged ? '' : 'not '}as packaged`;
  return `${name} ${versions}, ${content}${config ? ', a configuration file' : ''}`;
}

const factsShownMax = 8;

/** Whatever is wrong with one, in a sentence each; of the others the first by name. */
function factLines(facts: readonly ExplainedFact[]): readonly Line[] {
  const different = facts.filter(({ outcome }) => outcome !== 'as-baked');
  const same = facts.filter(({ outcome }) => outcome === 'as-baked').map(({ subject, name }) => `${subject} ${name}`);
  const more = same.length > factsShownMax ? [`${same.length - factsShownMax} more`] : [];
  return [
    ...different.map((fact): Line => ['says', fact.finding === null ? plainFact(fact) : factFinding(fact.finding)]),
    ...(same.length === 0
      ? []
      : [['says', `${[...same.slice(0, factsShownMax), ...more].join(', ')}: as baked`] as const]),
  ];
}

function plainFact(fact: ExplainedFact): string {
  return `${fact.subject} ${fact.name}: ${outcomeText(fact)}`;
}

function factFinding(finding: NonNullable<ExplainedFact['finding']>): string {
  return `${factSentence(finding)} (${finding.severity}, by ${finding.rule}, ${finding.fingerprint})`;
}

function sinceText(since: NonNullable<ExplainedPath['since']>, fingerprint: string | undefined): string {
  switch (since.by) {
    case 'agent':
      return since.fingerprint === fingerprint
        ? `${since.at}, when the agent first saw it so`
        : `${since.at}, when the agent first saw another difference here`;
    case 'file':
      return `changed ${since.changedAt}, content written ${since.modifiedAt}, as the file itself says`;
    case 'directory':
      return `${since.name} changed ${since.changedAt}, as it says itself; nothing is known of what is gone`;
    default:
      return since satisfies never;
  }
}
