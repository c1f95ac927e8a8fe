import { rulingOf } from '../../shared/compare.ts';
import type { Entry } from '../../shared/entry.ts';
import type { Finding } from '../../shared/finding.ts';
import type { Rulebook, Ruling } from '../../shared/rulebook.ts';

/** Why a difference does not count, in a sentence. Of one that `compareEntry` gives nothing for, or not in all attributes. */
export function whyAllowed(
  difference: Finding,
  expected: Entry | undefined,
  observed: Entry | undefined,
  rulebook: Rulebook,
): string {
  const given = [expected, observed].filter((entry) => entry !== undefined);
  const ruling = rulingOf(given, rulebook);
  if (difference.subject === 'file') return `${whyFile(difference, observed, ruling)}${silenced(ruling)}`;
  const foreseen = ruling.treatment === 'set-at-boot' ? ', and the rule foresees it' : '';
  return `what says it is ${ruling.treatment}${foreseen}${silenced(ruling)}`;
}

function whyFile({ change }: Finding, observed: Entry | undefined, { treatment, accept }: Ruling): string {
  const content = observed?.subject === 'file' ? observed.content : undefined;
  if (content !== undefined && accept?.includes(content)) return 'the rule accepts this content';
  switch (treatment) {
    case 'ephemeral':
      return 'ephemeral: anything may be written there but new programs and what guards look for';
    case 'per-instance':
      return change === 'added'
        ? 'per-instance: a plain file that nobody may run may appear'
        : 'per-instance: its content is free, and so is all but its type, owner and mode';
    case 'set-at-boot':
      return change === 'added'
        ? 'set-at-boot: a first boot may write plain files and directories there'
        : 'set-at-boot: its content is free';
    case 'ignored':
    case 'foreign':
    case 'immutable':
      return treatment;
    default:
      return treatment satisfies never;
  }
}

function silenced({ overridden }: Ruling): string {
  return overridden.length === 0 ? '' : `; the rule silences ${overridden.map((name) => `guard ${name}`).join(', ')}`;
}
