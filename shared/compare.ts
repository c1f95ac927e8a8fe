import { type Attributes, type AttributeValue, attributesOf, type Entry, type FileEntry, modeBits } from './entry.ts';
import { isForeseen } from './expect.ts';
import type { FactEntry } from './fact.ts';
import { type Difference, type Finding, fingerprintOf } from './finding.ts';
import { factGuards, fileGuards, isExecutable } from './guard.ts';
import { rawName } from './name.ts';
import { defaultRuling, isLeftOut, type Rulebook, type Ruling, rulingOfFiles } from './rulebook.ts';
import { highestSeverity, type Severity } from './severity.ts';

/** What stood at a place when boot had settled: an entry, or nothing. Where it is not known what stood there, there is no pin. */
export interface Pin {
  readonly entry: Entry | undefined;
}

/**
 * The difference between what must be and what is there now, judged: or undefined where there is none that counts. What must
 * be was baked; where the rules pin what an instance writes itself, it is what stood there when boot had settled. At least
 * one of the three is given, and all are about the same subject. A regular file observed without `content` could not be
 * read: its other attributes are compared, and the hole says the rest. Pure.
 */
export function compareEntry(
  expected: Entry | undefined,
  observed: Entry | undefined,
  rulebook: Rulebook,
  pin?: Pin,
): Finding | undefined {
  const given = [expected, observed, pin?.entry].filter((entry) => entry !== undefined);
  if (given.length === 0) throw new TypeError('nothing to compare');
  const ruling = rulingOf(given, rulebook);
  if (isLeftOut(ruling)) return undefined;
  const fromBaked = judgedBy(ruling, expected, observed);
  if (pin === undefined || !ruling.isPinned) return fromBaked;
  return together(fromBaked, judgedBy(pinnedRuling(ruling), pin.entry ?? expected, observed));
}

/** From then on it is as fixed as what was baked, and nothing is foreseen any more. */
function pinnedRuling({ expect: _expect, ...ruling }: Ruling): Ruling {
  return { ...ruling, treatment: 'immutable', severity: highestSeverity(ruling.severity, 'medium') };
}

function judgedBy(ruling: Ruling, expected: Entry | undefined, observed: Entry | undefined): Finding | undefined {
  const difference = differenceOf(expected, observed);
  if (difference === undefined) return undefined;

  const counted = countedOf(difference, expected, observed, ruling);
  const guards = firedGuards(expected, observed, ruling);
  if (counted === undefined && guards.length === 0) return undefined;
  const severity = guards.reduce<Severity>(
    (highest, guard) => highestSeverity(highest, guard.severity),
    counted === undefined ? 'info' : ruling.severity,
  );
  const guard = guards.find((fired) => fired.severity === severity);
  const judged = guards.length > 0 || counted === undefined ? difference : counted;
  return {
    fingerprint: fingerprintOf(judged),
    ...judged,
    severity,
    rule: guard === undefined || (counted && severity === ruling.severity) ? ruling.pattern : `guard ${guard.name}`,
  };
}

/** One finding a subject: a host key with a mode that nobody baked must not be swapped unseen for that. */
function together(fromBaked: Finding | undefined, fromPin: Finding | undefined): Finding | undefined {
  if (fromBaked === undefined || fromPin === undefined) return fromBaked ?? fromPin;
  const severity = highestSeverity(fromBaked.severity, fromPin.severity);
  const { rule } = severity === fromBaked.severity ? fromBaked : fromPin;
  // Of what was added or is gone, all is said already.
  if (fromBaked.change !== 'modified' || fromPin.change !== 'modified') return { ...fromBaked, severity, rule };
  const baked = Object.entries(fromBaked.expected).filter(([attribute]) => fromBaked.attributes.includes(attribute));
  const difference: Difference = {
    ...fromPin,
    attributes: [...new Set([...fromBaked.attributes, ...fromPin.attributes])].sort(),
    expected: { ...fromPin.expected, ...Object.fromEntries(baked) },
  };
  return { ...difference, fingerprint: fingerprintOf(difference), severity, rule };
}

/** Of entries about one subject. What files say is ruled as they are, those that said it and those that say it now; a package by nobody. */
export function rulingOf(entries: readonly Entry[], rulebook: Rulebook): Ruling {
  const files = new Set<string>();
  for (const entry of entries) {
    if (entry.subject === 'file') return rulebook.rulingOf(rawName(entry.name));
    if (!('files' in entry)) return defaultRuling;
    for (const name of entry.files) files.add(name);
  }
  return rulingOfFiles([...files].map((name) => rulebook.rulingOf(rawName(name))));
}

function differenceOf(expected: Entry | undefined, observed: Entry | undefined): Difference | undefined {
  const before: Attributes = expected === undefined ? {} : attributesOf(expected);
  const after: Attributes = observed === undefined ? {} : attributesOf(observed);
  const either = expected ?? observed;
  if (either === undefined) return undefined;
  const { subject, name } = either;
  const change = expected === undefined ? 'added' : observed === undefined ? 'removed' : 'modified';
  const attributes = change === 'modified' ? changedAttributes(before, after) : Object.keys({ ...before, ...after });
  if (attributes.length === 0) return undefined;
  return { subject, name, change, attributes: attributes.sort(), expected: before, actual: after };
}

/** Of a thing that became another kind of thing, only that is said: the rest could not be the same. */
function changedAttributes(before: Attributes, after: Attributes): string[] {
  if (before['type'] !== after['type']) return ['type'];
  const unread = after['type'] === 'file' && after['content'] === undefined;
  return Object.keys({ ...before, ...after }).filter(
    (attribute) => !isSame(before[attribute], after[attribute]) && !(unread && attribute === 'content'),
  );
}

/** Lists and maps have one order, so their text decides. */
function isSame(before: AttributeValue | undefined, after: AttributeValue | undefined): boolean {
  return before === after || (typeof before === 'object' && JSON.stringify(before) === JSON.stringify(after));
}

/** The part of the difference that counts under the treatment, if any. */
function countedOf(
  difference: Difference,
  expected: Entry | undefined,
  observed: Entry | undefined,
  ruling: Ruling,
): Difference | undefined {
  if (difference.subject !== 'file') return countedOfFact(difference, ruling);
  const before = expected as FileEntry | undefined;
  const after = observed as FileEntry | undefined;
  const open = withoutAccepted(difference, before, after, ruling);
  if (open === undefined) return undefined;
  switch (ruling.treatment) {
    case 'immutable':
      return open;
    case 'set-at-boot':
      return countedAtBoot(open, after);
    case 'per-instance':
      return countedPerInstance(open, after);
    case 'ephemeral':
      return isNewExecutable(before, after) ? open : undefined;
    case 'ignored':
    case 'foreign':
      return undefined;
    default:
      return ruling.treatment satisfies never;
  }
}

/** Guards are the ones to speak of most facts; a rule that relaxes a file relaxes what it says. */
function countedOfFact(difference: Difference, { treatment }: Ruling): Difference | undefined {
  return treatment === 'immutable' ? difference : undefined;
}

/** The rest of a difference from a file to another content of it that is known and fine. */
function withoutAccepted(
  difference: Difference,
  expected: FileEntry | undefined,
  observed: FileEntry | undefined,
  { accept }: Ruling,
): Difference | undefined {
  const isAccepted = expected?.type === 'file' && observed?.type === 'file' && isKnown(observed.content, accept);
  return isAccepted ? without(difference, ['content', 'size']) : difference;
}

function isKnown(content: string | undefined, accept: readonly string[] | undefined): boolean {
  return content !== undefined && accept?.includes(content) === true;
}

function without(difference: Difference, free: readonly string[]): Difference | undefined {
  const attributes = difference.attributes.filter((attribute) => !free.includes(attribute));
  return attributes.length === 0 ? undefined : { ...difference, attributes };
}

/** A file that may be run and whose bytes could not be run here before. One that was not read is a hole, not a change. */
function isNewExecutable(expected: FileEntry | undefined, observed: FileEntry | undefined): boolean {
  if (observed === undefined || !isExecutable(observed)) return false;
  if (expected === undefined || !isExecutable(expected)) return true;
  return observed.content !== undefined && observed.content !== expected.content;
}

const fixedPerInstance = ['type', 'uid', 'gid', 'mode'];

/** Baked: it must exist with the same type, owner and mode. Not baked: it may appear as a plain file that nobody may run. */
function countedPerInstance(difference: Difference, observed: FileEntry | undefined): Difference | undefined {
  switch (difference.change) {
    case 'added':
      return observed?.type === 'file' && !isExecutable(observed) ? undefined : difference;
    case 'removed':
      return difference;
    case 'modified': {
      const attributes = difference.attributes.filter((attribute) => fixedPerInstance.includes(attribute));
      return attributes.length === 0 ? undefined : { ...difference, attributes };
    }
    default:
      return difference.change satisfies never;
  }
}

/**
 * What a first boot writes: plain files and directories that not everybody may write in, with any content. What was baked
 * must exist, and but for its content be as it was.
 */
function countedAtBoot(difference: Difference, observed: FileEntry | undefined): Difference | undefined {
  switch (difference.change) {
    case 'added':
      return observed !== undefined && isWrittenAtBoot(observed) ? undefined : difference;
    case 'removed':
      return difference;
    case 'modified':
      return without(difference, ['content', 'size']);
    default:
      return difference.change satisfies never;
  }
}

/** What may appear where the rules say `set-at-boot`. */
export function isWrittenAtBoot(entry: FileEntry): boolean {
  const isOpenToAll = (modeBits(entry) & 0o002) !== 0;
  return !isOpenToAll && (entry.type === 'dir' || (entry.type === 'file' && !isExecutable(entry)));
}

function firedGuards(expected: Entry | undefined, observed: Entry | undefined, ruling: Ruling) {
  const fired =
    (expected ?? observed)!.subject === 'file'
      ? firedByFile(expected as FileEntry | undefined, observed as FileEntry | undefined)
      : firedByFact(expected as FactEntry | undefined, observed as FactEntry | undefined, ruling);
  return fired.filter((guard) => !ruling.overridden.includes(guard.name));
}

function firedByFile(expected: FileEntry | undefined, observed: FileEntry | undefined) {
  return fileGuards.filter((guard) => guard.fires(expected, observed));
}

/** Where a first boot writes, accounts, keys and the like are looked through: those that the rule lists are no surprise. */
function firedByFact(expected: FactEntry | undefined, observed: FactEntry | undefined, ruling: Ruling) {
  const { treatment, expect } = ruling;
  if (treatment === 'set-at-boot' && expect !== undefined && isForeseen(expected, observed, expect)) return [];
  return factGuards
    .filter(({ subjects }) => subjects.includes((observed ?? expected)!.subject))
    .map(({ name, severityOf }) => ({ name, severity: severityOf(expected, observed) }));
}
