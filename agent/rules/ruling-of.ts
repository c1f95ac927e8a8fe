import { canonicalJson } from '../../shared/canonical-json.ts';
import type { FactSubject } from '../../shared/fact.ts';
import { factGuards, fileGuards } from '../../shared/guard.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { compilePattern } from '../../shared/pattern.ts';
import { profileNamed } from '../../shared/profile.ts';
import { isLeftOut } from '../../shared/rulebook.ts';
import { Rule, type RulesPredicate, type Treatment } from '../../shared/rules.ts';
import type { Severity } from '../../shared/severity.ts';
import type { Manifest } from '../check/open-manifest.ts';
import type { VerifyScope } from '../check/verify-scope.ts';
import { collectors } from '../collect/facts/collectors.ts';
import { selfAndAbove } from '../collect/scope.ts';
import type { DecidingRule, GuardingPath, LeftOut } from './explanation.ts';

/** The rule that decides about a path, with where it stands and who wrote it. */
export function decidingRule({ rules, rulebook }: Manifest, scope: VerifyScope, path: RawName): DecidingRule {
  const ruling = scope.rulebook.rulingOf(path);
  const { pattern, treatment, severity, place, overridden, accept } = ruling;
  if (ruling.treatment === 'ephemeral' && ruling !== rulebook.rulingOf(path) && place === undefined) {
    return {
      ...plain(pattern, treatment, severity),
      from: 'pristine',
      reason: 'it is of the agent or the manifest itself',
    };
  }
  if (place === undefined) return { ...plain(pattern, treatment, severity), from: 'default' };
  const { reason } = rules.rules[place]!;
  return {
    ...plain(pattern, treatment, severity),
    from: originOf(rules, place),
    number: place + 1,
    ...(reason !== undefined && { reason }),
    ...(overridden.length > 0 && { override: overridden }),
    ...(accept !== undefined && { accept }),
  };
}

function plain(pattern: string, as: Treatment, severity: Severity) {
  return { pattern, as, severity };
}

/** The rules of a profile stand after those of the image. One of another version of us may be another one by now. */
function originOf({ profile: name, rules }: RulesPredicate, place: number): DecidingRule['from'] {
  const profile = profileNamed(name)?.rules.map((rule) => Rule.parse(rule));
  if (profile === undefined) return 'unknown';
  const first = rules.length - profile.length;
  if (first < 0 || canonicalJson(rules.slice(first)) !== canonicalJson(profile)) return 'unknown';
  return place < first ? 'image' : 'profile';
}

/** The guards that look at a path: those of any file, and those of what it is read for. */
export function guardsAt(path: RawName, rule: DecidingRule): readonly GuardingPath[] {
  const subjects = subjectsReadAt(path);
  const silenced = (name: GuardingPath['name']) => rule.override?.includes(name) === true;
  return [
    ...fileGuards
      .filter(({ looksAt }) => looksAt?.(encodeRaw(path)) ?? true)
      .map(({ name }) => ({ name, silenced: silenced(name) })),
    ...factGuards
      .map(({ name, subjects: guarded }) => ({ name, reads: guarded.filter((subject) => subjects.includes(subject)) }))
      .filter(({ reads }) => reads.length > 0)
      .map(({ name, reads }) => ({ name, silenced: silenced(name), reads })),
  ];
}

/** What a path is read for, as configuration or as a database of packages. */
function subjectsReadAt(path: RawName): readonly FactSubject[] {
  return collectors
    .filter(({ reads }) => reads.some((pattern) => compilePattern(pattern)(path)))
    .map((one) => one.subject);
}

/** Why a path is not looked at: its rule, the rule of what is above it, or the filesystem that is mounted there. */
export function whyLeftOut({ rules, rulebook }: Manifest, scope: VerifyScope, path: RawName): LeftOut | undefined {
  const ruling = rulebook.rulingOf(path);
  if (isLeftOut(ruling)) {
    const foreign = [...selfAndAbove(path)].findLast((above) => rulebook.rulingOf(above).treatment === 'foreign');
    const reason = ruling.place === undefined ? undefined : rules.rules[ruling.place]?.reason;
    return { by: ruling.treatment, at: encodeRaw(foreign ?? path), ...(reason !== undefined && { reason }) };
  }
  const mount = scope.leavesOut(path) ? scope.mountAround(path) : undefined;
  return mount && { by: 'mount', at: encodeRaw(mount.path), reason: mount.type };
}
