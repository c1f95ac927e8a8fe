import type { FactEntry, FactOf } from './fact.ts';
import type { Expect } from './rules.ts';

/**
 * Whether a rule foresaw what the first boot made the system say. What was baked and is gone, nobody foresees: a boot
 * adds. An account is foreseen by its name, but not that it gets the powers of root or may be entered without a word. A
 * key is foreseen by its fingerprint, whoever it lets in: the rule says in whose file. Pure.
 */
export function isForeseen(expected: FactEntry | undefined, observed: FactEntry | undefined, expect: Expect): boolean {
  if (observed === undefined) return false;
  switch (observed.subject) {
    case 'user':
      return expect.users.includes(observed.name) && !isEmpowered(expected as FactOf<'user'> | undefined, observed);
    case 'group':
      return isForeseenGroup(expected as FactOf<'group'> | undefined, observed, expect);
    case 'sudoers':
      return expect.sudoers.some((rule) => isSameText(rule, observed.name));
    case 'authorized-key':
      return expect.keys.some((key) => observed.name.endsWith(` ${key}`));
    default:
      return false;
  }
}

function isEmpowered(expected: FactOf<'user'> | undefined, observed: FactOf<'user'>): boolean {
  const became = (what: 'uid' | 'gid' | 'password', value: number | string) =>
    observed[what] === value && expected?.[what] !== value;
  return became('uid', 0) || became('gid', 0) || became('password', 'none');
}

/** A foreseen user's own group, or a baked group that foreseen users and nobody else joined. */
function isForeseenGroup(expected: FactOf<'group'> | undefined, observed: FactOf<'group'>, expect: Expect): boolean {
  const isNamed = expected !== undefined || (expect.users.includes(observed.name) && observed.gid !== 0);
  const before = expected?.members ?? [];
  const joined = observed.members.filter((member) => !before.includes(member));
  return (
    isNamed &&
    (expected === undefined || expected.gid === observed.gid) &&
    before.every((member) => observed.members.includes(member)) &&
    joined.every((member) => expect.users.includes(member))
  );
}

/** People space a line as they like. */
function isSameText(a: string, b: string): boolean {
  const plain = (text: string) => text.trim().replace(/[ \t]+/g, ' ');
  return plain(a) === plain(b);
}
