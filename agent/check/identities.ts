import type { Entry } from '../../shared/entry.ts';
import { type Identity, identitiesMax, identityOf } from '../../shared/identity.ts';
import { rawName } from '../../shared/name.ts';
import type { Rulebook } from '../../shared/rulebook.ts';

/** Those met in one sweep. */
export interface IdentityList {
  readonly note: (expected: Entry | undefined, observed: Entry) => void;
  readonly all: () => readonly Identity[];
}

/**
 * What this instance made for itself: content that was baked is every instance's, and not its identity. Where a rule pins
 * nothing, or accepts the content, it is meant to be shared.
 */
export function openIdentityList(rulebook: Rulebook): IdentityList {
  const identities: Identity[] = [];
  return {
    note: (expected, observed) => {
      if (observed.subject !== 'file' || identities.length === identitiesMax) return;
      const identity = identityOf(observed);
      if (identity === undefined || observed.content === undefined) return;
      const { isPinned, accept = [] } = rulebook.rulingOf(rawName(observed.name));
      const isBaked = expected?.subject === 'file' && expected.content === observed.content;
      if (isPinned && !isBaked && !accept.includes(observed.content)) identities.push(identity);
    },
    all: () => identities,
  };
}
