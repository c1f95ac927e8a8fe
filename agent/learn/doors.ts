import { isForeseen } from '../../shared/expect.ts';
import type { FactEntry } from '../../shared/fact.ts';
import type { Finding } from '../../shared/finding.ts';
import { rawName } from '../../shared/name.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Expect, Rule } from '../../shared/rules.ts';
import type { ProposedRule } from './proposal.ts';
import { isSetAtBoot, severityOfPaths } from './relaxing.ts';
import type { Seen } from './seen.ts';
import { literalPattern } from './tokens.ts';
import { accountFiles, writerOf } from './writers.ts';

/** Accounts, rules of sudoers and keys that every first boot sets up alike, and the rules that foresee exactly these. */
export interface Doors {
  readonly rules: readonly ProposedRule[];
  /** Whether one of the rules speaks of it, as a fact or as the file of one. */
  readonly covers: (seen: Seen) => boolean;
  /** Files that say something which is not foreseen: they must not be relaxed. */
  readonly isHeld: (name: string) => boolean;
}

const kinds = {
  user: 'users',
  group: 'users',
  sudoers: 'sudoers',
  'authorized-key': 'keys',
} as const satisfies Readonly<Record<string, keyof Expect>>;
type Kind = keyof typeof kinds;

const notes: Readonly<Record<keyof Expect, string>> = {
  users: 'it foresees these accounts and the groups that they join; nobody else',
  sudoers: 'it lets accounts become others: read each line',
  keys: 'it lets the owners of these keys log in: compare the fingerprints',
};

/** Pure. */
export function foreseeDoors(seen: readonly Seen[], count: number, rulebook: Rulebook): Doors {
  const facts = seen.filter(({ subject }) => subject !== 'file');
  const alike = facts.filter((one) => isKind(one.subject) && one.instances === count && isAlike(one));
  const expect = expectOf(alike);
  const foreseen = alike.filter(({ findings }) => findings.every((finding) => isExpected(finding, expect)));
  const held = new Set(facts.filter((one) => !foreseen.includes(one)).flatMap(filesOf));
  if (accountFiles.some((file) => held.has(file))) for (const file of accountFiles) held.add(file);
  // A file that says something else besides stays as strict as it is, and then so does all that it says.
  const free = foreseen.filter((one) => filesOf(one).every((file) => !held.has(file)));
  const written = seen.filter(({ subject }) => subject === 'file').map(({ name }) => name);
  const rules = [
    ...ruleOf('users', free.filter(isAccount), (file) => accountFiles.includes(file) && written.includes(file)),
    ...(['sudoers', 'authorized-key'] as const).flatMap((kind) => {
      const ofKind = free.filter(({ subject }) => subject === kind);
      const files = [...new Set(ofKind.flatMap(filesOf))].sort();
      return files.flatMap((file) =>
        ruleOf(
          kinds[kind],
          ofKind.filter((one) => filesOf(one).includes(file)),
          undefined,
          file,
        ),
      );
    }),
  ];
  const matched = new Set(rules.flatMap(({ rule }) => rule.match));
  const freed = new Set(free);
  return {
    rules,
    covers: (one) =>
      freed.has(one) || (one.subject === 'file' && matched.has(one.pattern) && one.findings.every(isSetAtBoot)),
    isHeld: (name) => held.has(name),
  };

  function ruleOf(
    kind: keyof Expect,
    ofKind: readonly Seen[],
    isCompanion: (file: string) => boolean = () => false,
    only?: string,
  ): readonly ProposedRule[] {
    if (ofKind.length === 0) return [];
    const files = only === undefined ? ofKind.flatMap(filesOf) : [only];
    const match = [...new Set([...files, ...accountFiles.filter(isCompanion)])].sort();
    const severity = severityOfPaths(match, rulebook);
    const writer = writerOf(rawName(match[0]!));
    const rule: Rule = {
      match: match.map(literalPattern),
      as: 'set-at-boot',
      ...(severity !== 'medium' && { severity }),
      expect: { users: [], sudoers: [], keys: [], [kind]: expectOf(ofKind)[kind] },
      reason: writer?.reason ?? 'set up alike by every first boot that was looked at',
    };
    return [{ rule, ...(writer && { writer: writer.writer }), note: notes[kind] }];
  }
}

/** Exactly what is new. An account that nothing may foresee is not in it. */
function expectOf(seen: readonly Seen[]): Expect {
  const namesOf = (kind: Kind) =>
    seen
      .filter((one) => one.subject === kind && isNew(one))
      .map(({ name }) => name)
      .sort();
  const isForeseeable = (user: string) =>
    seen.some(
      ({ subject, name, findings }) =>
        subject === 'user' &&
        name === user &&
        findings.every((finding) => isExpected(finding, { users: [user], sudoers: [], keys: [] })),
    );
  return {
    users: namesOf('user').filter(isForeseeable),
    sudoers: namesOf('sudoers'),
    keys: [
      ...new Set(namesOf('authorized-key').flatMap((name) => / (SHA256:[A-Za-z0-9+/]{43})$/.exec(name)?.[1] ?? [])),
    ],
  };
}

function isAccount({ subject }: Seen): boolean {
  return subject === 'user' || subject === 'group';
}

function isKind(subject: string): subject is Kind {
  return Object.hasOwn(kinds, subject);
}

/** What is said differently on each instance was not given to all of them. */
function isAlike({ findings }: Seen): boolean {
  return new Set(findings.map(({ fingerprint }) => fingerprint)).size === 1;
}

function isNew({ findings }: Seen): boolean {
  return findings.every(({ change }) => change === 'added');
}

/** Asks what will judge. */
function isExpected({ subject, name, change, expected, actual }: Finding, expect: Expect): boolean {
  if (change === 'removed') return false;
  const entry = (attributes: Finding['actual']) => ({ subject, name, ...attributes }) as unknown as FactEntry;
  return isForeseen(change === 'added' ? undefined : entry(expected), entry(actual), expect);
}

/** Wherever it was said and is said. */
function filesOf({ findings }: Seen): readonly string[] {
  return findings.flatMap(({ expected, actual }) =>
    [expected['files'], actual['files']].flatMap((files) => (Array.isArray(files) ? (files as string[]) : [])),
  );
}
