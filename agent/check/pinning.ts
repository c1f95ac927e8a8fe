import { rulingOf } from '../../shared/compare.ts';
import { type Hole, hiderOf } from '../../shared/coverage.ts';
import { type Entry, subjectKey } from '../../shared/entry.ts';
import { CodedError } from '../../shared/errors.ts';
import type { RawName } from '../../shared/name.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Rule } from '../../shared/rules.ts';
import { isSame, noPins, openPins, type Pins } from './pins.ts';
import { type PinSet, pinsMax, readPins, writePins } from './pins-file.ts';

export interface PinningOptions {
  /** Of the state directory. */
  readonly file: string;
  /** Boot has settled, and nothing was pinned yet: a file that is missing is made. Otherwise that is a hole. */
  readonly makes: boolean;
  /** Judged by as they are, and left as they are: for rules that are not in force. */
  readonly isTrial?: boolean;
}

/** The pins of one sweep: those to judge by, and what the next one will be judged by. */
export interface Pinning {
  readonly pins: Pins;
  /** Whether a path must be looked at even where it is as it was baked. */
  readonly watches: (path: RawName) => boolean;
  /** Something was found, and all of it could be read. */
  readonly note: (observed: Entry) => void;
  /** Writes what is new. A hole says that the pins are not what they should be. */
  readonly finish: (holes: readonly Hole[]) => Promise<Hole | undefined>;
}

export const noPinning: Pinning = {
  pins: noPins,
  watches: () => false,
  note: () => undefined,
  finish: async () => undefined,
};

/** Those to judge a check by, as they are now. Errors: those of `readPins`, UNREADABLE also for none. */
export function pinsInForce(options: PinningOptions | undefined, rules: readonly Rule[]): Pins {
  const set = options && needPins(options);
  return set === undefined ? noPins : openPins(set, rules);
}

function needPins({ file, makes }: PinningOptions): PinSet | undefined {
  const set = readPins(file);
  if (set === undefined && !makes) throw new CodedError('UNREADABLE', `${file}: the pins are gone`);
  return set;
}

/** The rulebook is that of the rules. */
export function openPinning(
  options: PinningOptions,
  { rules, rulebook }: { readonly rules: readonly Rule[]; readonly rulebook: Rulebook },
): Pinning {
  const { file } = options;
  let set: PinSet | undefined;
  try {
    set = needPins(options);
  } catch (error) {
    const hole = holeAt(file, error);
    return { ...noPinning, finish: async () => hole };
  }
  const before = set;
  const pins = before === undefined ? noPins : openPins(before, rules);
  const mayGrow =
    options.isTrial !== true && (before === undefined || before.unseen.length > 0 || !isSame(before.rules, rules));
  const found = new Map<string, Entry>();
  return {
    pins,
    watches: (path) => pins.hasFile(path) || (mayGrow && rulebook.rulingOf(path).isPinned),
    note: (observed) => {
      const isNew = mayGrow && found.size <= pinsMax && rulingOf([observed], rulebook).isPinned;
      if (isNew && pins.of(observed) === undefined) found.set(subjectKey(observed), observed);
    },
    finish: async (holes) => {
      if (!mayGrow) return undefined;
      const after: PinSet = {
        entries: [
          ...(before?.entries ?? []).filter((entry) => rulingOf([entry], rulebook).isPinned),
          ...found.values(),
        ],
        unseen: before === undefined ? holes : stillUnseen(before, holes, rules),
        rules,
      };
      try {
        if (before === undefined || !isSameSet(before, after)) await writePins(file, after);
        return undefined;
      } catch (error) {
        return holeAt(file, error, 'too-many');
      }
    },
  };
}

/** A hole may have become another one, above or beneath. Of what newer rules pin, nothing in a hole is known. */
function stillUnseen({ unseen, rules }: PinSet, holes: readonly Hole[], rulesNow: readonly Rule[]): readonly Hole[] {
  const wasHidden = isSame(rules, rulesNow) ? hiderOf(unseen) : () => true;
  const isHidden = hiderOf(holes);
  const still = [
    ...holes.filter(({ subject, name }) => wasHidden(subject, name)),
    ...unseen.filter(({ subject, name }) => isHidden(subject, name)),
  ];
  return [...new Map(still.map((hole) => [subjectKey(hole), hole])).values()];
}

function isSameSet(a: PinSet, b: PinSet): boolean {
  return isSame(a.entries, b.entries) && isSame(a.unseen, b.unseen) && isSame(a.rules, b.rules);
}

/** Part of what is compared with is missing: as with a manifest, nothing counts as looked at again. */
function holeAt(file: string, error: unknown, entries: 'too-many' | 'unparseable' = 'unparseable'): Hole {
  const code = error instanceof CodedError ? error.code : 'IO';
  const reason = code === 'ENTRIES' ? entries : code === 'UNREADABLE' ? 'unreadable' : 'io-error';
  return { subject: 'manifest', name: file, reason };
}
