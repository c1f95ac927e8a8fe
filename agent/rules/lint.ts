import { type Entry, type FileEntry, modeBits } from '../../shared/entry.ts';
import { factGuards, isDevice, isExecutable } from '../../shared/guard.ts';
import { liveGuards } from '../../shared/live.ts';
import { rawName } from '../../shared/name.ts';
import { isOwnFile } from '../../shared/own-files.ts';
import { compilePattern } from '../../shared/pattern.ts';
import { pathInBoth, pathOutside } from '../../shared/pattern-language.ts';
import type { Profile } from '../../shared/profile.ts';
import { isLeftOut, openRulebook, type Ruling } from '../../shared/rulebook.ts';
import type { GuardName, Rule } from '../../shared/rules.ts';
import { guardedPlaces, programPlaces } from './places.ts';
import { type Remark, type RuleLine, remarkOn } from './remark.ts';
import { findShadows } from './shadows.ts';

export interface Lint {
  /** Takes one baked entry. Without any, only what the patterns themselves say is known. */
  readonly see: (entry: Entry) => void;
  readonly remarks: () => readonly Remark[];
}

/** What was baked where a pattern matches. */
interface Seen {
  readonly line: RuleLine;
  readonly matches: (path: string) => boolean;
  matched: number;
  decided: number;
  /** Of what it decides. */
  readonly executables: Examples;
  readonly guarded: Examples;
  readonly guards: Set<GuardName>;
}

interface Examples {
  count: number;
  readonly names: string[];
}

/** Whether the rules of an image say what was meant. Pure but for what it has seen. */
export function openLint(rules: readonly Rule[], profile: Profile | undefined): Lint {
  const rulebook = openRulebook(rules);
  const seen: readonly Seen[] = rules.flatMap((rule, place) =>
    rule.match.map((pattern) => openSeen(rule, place, pattern)),
  );
  let entries = 0;
  const deciderOf = (ruling: Ruling) =>
    seen.find(({ line }) => line.number - 1 === ruling.place && line.pattern === ruling.pattern);

  return {
    see: (entry) => {
      entries++;
      if (entry.subject === 'file') {
        const path = rawName(entry.name);
        for (const one of seen) if (one.matches(path)) one.matched++;
        const decider = deciderOf(rulebook.rulingOf(path));
        if (decider !== undefined) noteFile(decider, entry);
      } else if ('files' in entry) {
        const rulings = entry.files.map((name) => rulebook.rulingOf(rawName(name)));
        const guard = factGuards.find(({ subjects }) => subjects.includes(entry.subject));
        if (guard === undefined) return;
        for (const decider of new Set(rulings.map(deciderOf))) decider?.guards.add(guard.name);
        if (rulings.every(isLeftOut)) note(deciderOf(rulings[0]!)?.guarded, `${entry.subject} ${entry.name}`);
      }
    },
    remarks: () => {
      const lines = seen.map(({ line }) => line);
      const shadows = findShadows(lines);
      const isShadowed = (line: RuleLine) =>
        shadows.some(
          ({ code, rule, pattern }) => code === 'shadowed' && rule === line.number && pattern === line.pattern,
        );
      return [
        ...shadows,
        ...(entries === 0 ? [] : seen.filter(({ line }) => !isShadowed(line)).flatMap(unusedRemarks)),
        ...seen.flatMap(hidingRemarks),
        ...rules.flatMap((rule, place) => needRemarks(rule, place + 1, entries === 0 ? undefined : seen, profile)),
      ].sort((a, b) => a.rule - b.rule);
    },
  };
}

function openSeen(rule: Rule, place: number, pattern: string): Seen {
  return {
    line: { number: place + 1, rule, pattern },
    matches: compilePattern(pattern),
    matched: 0,
    decided: 0,
    executables: { count: 0, names: [] },
    guarded: { count: 0, names: [] },
    guards: new Set(),
  };
}

const examplesMax = 3;

function note(examples: Examples | undefined, name: string): void {
  if (examples === undefined) return;
  examples.count++;
  if (examples.names.length < examplesMax) examples.names.push(name);
}

function noteFile(decider: Seen, entry: FileEntry): void {
  decider.decided++;
  const isSetId = entry.type === 'file' && (modeBits(entry) & 0o6000) !== 0;
  if (isSetId) decider.guards.add('setuid');
  if (entry.capabilities !== undefined) decider.guards.add('capabilities');
  if (isOwnFile(entry.name)) decider.guards.add('agent');
  if (isDevice(entry)) decider.guards.add('device');
  if (isSetId || entry.capabilities !== undefined || isDevice(entry)) note(decider.guarded, entry.name);
  else if (isExecutable(entry)) note(decider.executables, entry.name);
}

/** Rules for what appears only later have nothing to match in the image. */
function unusedRemarks({ line, matched, decided }: Seen): readonly Remark[] {
  if (matched > 0 && decided === 0) {
    return [remarkOn(line, 'warning', 'shadowed', `decides about none of the ${matched} baked paths that it matches`)];
  }
  if (matched > 0) return [];
  const mayAppear = line.rule.as !== 'immutable' && line.rule.accept === undefined;
  return [
    mayAppear
      ? remarkOn(line, 'info', 'dead', 'matches nothing that was baked: right where instances make it themselves')
      : remarkOn(line, 'warning', 'dead', 'matches nothing that was baked'),
  ];
}

function hidingRemarks({ line, executables, guarded }: Seen): readonly Remark[] {
  const { as } = line.rule;
  const leavesOut = isLeftOut({ treatment: as });
  const remarks: Remark[] = [];
  if (leavesOut) {
    const places = [...guardedPlaces].filter(([, patterns]) => patterns.some((place) => meets(line.pattern, place)));
    if (guarded.count > 0 || places.length > 0) {
      const what = [...places.map(([guard]) => `guard ${guard}`), ...guarded.names].join(', ');
      remarks.push(remarkOn(line, 'error', 'hides-guarded', `no guard can look where it is ${as}: ${what}`));
    }
  }
  const isFree = leavesOut || as === 'per-instance' || as === 'set-at-boot';
  const place = leavesOut ? programPlaces.find((one) => meets(line.pattern, one)) : undefined;
  if (isFree && executables.count > 0) {
    const message = `any content of ${executables.count} baked programs would pass: ${executables.names.join(', ')}`;
    remarks.push(remarkOn(line, 'warning', 'hides-executables', message));
  } else if (place !== undefined) {
    remarks.push(remarkOn(line, 'warning', 'hides-executables', `programs in ${place} would not be seen`));
  }
  return remarks;
}

/** Where it takes too long to say, they may. */
function meets(pattern: string, place: string): boolean {
  return pathInBoth(pattern, place) !== undefined;
}

function needRemarks(
  rule: Rule,
  number: number,
  seen: readonly Seen[] | undefined,
  profile: Profile | undefined,
): readonly Remark[] {
  const line: RuleLine = { number, rule, pattern: rule.match[0]! };
  const leavesOut = isLeftOut({ treatment: rule.as });
  const isNeeded = (guard: GuardName) => {
    if (leavesOut) return false;
    // What runs is in no manifest: nothing there can tell whether it is needed.
    if (Object.values(liveGuards).includes(guard)) return true;
    if (seen !== undefined) return seen.some((one) => one.line.number === number && one.guards.has(guard));
    const places = guardedPlaces.get(guard);
    return places === undefined || rule.match.some((pattern) => places.some((place) => meets(pattern, place)));
  };
  const written = profile?.rules.filter(({ as }) => as === 'ephemeral').flatMap(({ match }) => match) ?? [];
  const overrides = (rule.override ?? []).filter((guard) => !isNeeded(guard));
  return [
    ...overrides.map((guard) =>
      remarkOn(line, 'warning', 'override-without-need', `nothing here makes guard ${guard} speak of what was baked`),
    ),
    ...(leavesOut && rule.accept !== undefined
      ? [remarkOn(line, 'warning', 'accept-without-need', `nothing is compared where it is ${rule.as}`)]
      : []),
    ...(rule.as === 'ignored' ? rule.match : [])
      .filter((pattern) => written.length > 0 && pathOutside(pattern, written) === undefined)
      .map((pattern) =>
        remarkOn(
          { ...line, pattern },
          'warning',
          'ignored-without-need',
          `profile ${profile!.name} lets anything be written there`,
        ),
      ),
  ];
}
