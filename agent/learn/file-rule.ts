import type { Finding } from '../../shared/finding.ts';
import { rawName } from '../../shared/name.ts';
import { compilePattern } from '../../shared/pattern.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Rule } from '../../shared/rules.ts';
import { severityAtLeast } from '../../shared/severity.ts';
import { programPlaces } from '../rules/places.ts';
import type { Doors } from './doors.ts';
import type { ProposedRule } from './proposal.ts';
import { isProgram, isSetAtBoot, severityOfPaths } from './relaxing.ts';
import type { Seen } from './seen.ts';
import { writerOf } from './writers.ts';

/** What becomes of one difference. */
export type Decided =
  | { readonly kind: 'rule'; readonly proposed: ProposedRule }
  /** Another rule speaks of it already. */
  | { readonly kind: 'covered' }
  | { readonly kind: 'person'; readonly why: string }
  | { readonly kind: 'some' };

interface Context {
  readonly rulebook: Rulebook;
  /** Rules for whole places, by their pattern. */
  readonly places: ReadonlyMap<string, ProposedRule>;
  readonly doors: Doors;
  /** Patterns of more than one path that match something that was baked. */
  readonly tooWide: ReadonlySet<string>;
}

/** What runs without being marked as a program, and what says what is installed. */
const heldPlaces = [
  ...programPlaces,
  '/boot/**',
  '/efi/**',
  '/etc/profile.d/**',
  '/etc/init.d/**',
  '/etc/ssh/**',
  '/etc/sudoers.d/**',
  '/etc/pam.d/**',
  '/etc/security/**',
  '/etc/systemd/**',
  '/etc/udev/**',
  '/etc/cron*',
  '/etc/cron*/**',
  '/etc/ld.so*',
  '/etc/ld.so*/**',
  '/var/spool/cron/**',
  '/var/lib/dpkg/**',
  '/var/lib/rpm/**',
  '/lib/apk/**',
].map(compilePattern);

/** Pure. The caller sorts out what the doors cover. */
export function fileRule(seen: Seen, count: number, { rulebook, places, doors, tooWide }: Context): Decided {
  const person = (why: string): Decided => ({ kind: 'person', why });
  const { findings, name } = seen;
  const path = rawName(name);
  const guard = findings.find(({ rule, severity }) => rule.startsWith('guard ') || severity === 'critical');
  if (guard !== undefined) return person(guard.rule.startsWith('guard ') ? guard.rule : 'its severity is critical');
  if (seen.subject !== 'file') return person('what the system is told, not a file that it keeps');
  if (findings.some(({ actual }) => isProgram(actual))) return person('it may be run');
  const writer = writerOf(path);
  if (writer !== undefined && places.has(writer.pattern)) return { kind: 'covered' };
  if (seen.instances < count) return { kind: 'some' };
  if (findings.some(({ change }) => change === 'removed')) return person('it is gone');
  if (tooWide.has(seen.pattern)) return person(`a pattern for it would match what was baked too: ${seen.pattern}`);
  if (doors.isHeld(name)) return person('it says something that is not foreseen');
  if (findings.some(({ change }) => change !== findings[0]!.change)) return person('it changed in several ways');
  if (!findings.every(isSetAtBoot)) return person(shapeText(findings));

  const severity = severityOfPaths([name], rulebook);
  const heavy = severity === 'medium' ? {} : { severity };
  const contents = new Set(findings.map(({ actual }) => actual['content']));
  const isEqual = contents.size === 1;
  const isBaked = findings[0]!.change === 'modified';
  const isKnownPlace = writer !== undefined && !writer.as;
  const isHeld = !isKnownPlace && heldPlaces.some((matches) => matches(path));
  if (isHeld) return person('what lies there is read as a program, or opens a door');
  if (isBaked && isEqual) {
    const rule: Rule = { match: [seen.pattern], as: 'immutable', ...heavy, accept: [...contents] as string[] };
    return proposed(rule, writer, 'the same on every instance: bake it, and no rule is needed');
  }
  if (severityAtLeast(severity, 'high')) return person('it is different on each instance, and of high severity');
  const isFile = findings.every(({ actual }) => actual['type'] === 'file');
  if (isFile && !isEqual) {
    const rule: Rule = { match: [seen.pattern], as: 'per-instance', ...heavy };
    return proposed(writer?.keepsChanging ? { ...rule, pin: false } : rule, writer);
  }
  const note = isFile ? 'the same on every instance: bake it, and no rule is needed' : undefined;
  const rule: Rule = { match: [seen.pattern], as: 'set-at-boot', ...heavy };
  return proposed(writer?.keepsChanging ? { ...rule, pin: false } : rule, writer, note);
}

function proposed(rule: Rule, writer: ReturnType<typeof writerOf>, note?: string): Decided {
  const reason = writer?.reason ?? 'changed on every instance that was looked at; what writes it is not known';
  return {
    kind: 'rule',
    proposed: { rule: { ...rule, reason }, ...(writer && { writer: writer.writer }), ...(note && { note }) },
  };
}

/** Of what changed in more than its content: nothing but the image can make that right. */
function shapeText(findings: readonly Finding[]): string {
  const [{ change, attributes, actual }] = findings as readonly [Finding, ...Finding[]];
  if (change === 'added') {
    const type =
      actual['type'] === 'dir' || actual['type'] === 'file'
        ? `${actual['type']} that all may write in`
        : actual['type'];
    return `it appeared as a ${type}`;
  }
  const changed = attributes.filter((attribute) => attribute !== 'content' && attribute !== 'size');
  const isAlike = new Set(findings.map(({ fingerprint }) => fingerprint)).size === 1;
  return `its ${changed.join(', ')} changed${isAlike ? ', the same on every instance: bake it so' : ''}`;
}
