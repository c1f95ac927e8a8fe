import { describe, expect, it } from 'vitest';
import { taintLeft } from '../../../server/intake/judge.ts';
import type { TaintingFinding } from '../../../server/store/tainting-findings.ts';
import { openRulebook } from '../../../shared/rulebook.ts';
import { Rule } from '../../../shared/rules.ts';
import { aTime } from '../../support/builders.ts';

const critical = { severity: 'critical' as const, since: aTime };
const plain = { type: 'file', mode: '0644', uid: 0, gid: 0, size: '3', content: `sha256:${'a'.repeat(64)}` };
const former = bookOf({ match: '/var/log/**', as: 'ephemeral' });

/** Added by somebody, flagged by rules 2, closed by the sweep of rules 3. */
function aLog(overrides: Partial<TaintingFinding> = {}): TaintingFinding {
  return {
    ...{ subject: 'file', name: '/var/log/app.log', change: 'added', attributes: Object.keys(plain).sort() },
    ...{ expected: {}, actual: plain, severity: 'critical', rules: 2, firstSeenAt: aTime, isOpen: false },
    ...overrides,
  };
}

describe('the taint that is left', () => {
  it.each<[string, Partial<TaintingFinding>]>([
    ['was reverted, and these rules would find it', { name: '/usr/bin/evil' }],
    ['was reverted after these rules had found it themselves', { rules: 3 }],
    ['is still open', { isOpen: true, rules: 3 }],
    ['is a new program where anything else may be written', { actual: { ...plain, mode: '0755' } }],
    [
      'became a program',
      { change: 'modified', attributes: ['mode'], expected: plain, actual: { ...plain, mode: '0755' } },
    ],
    ['is guarded whatever the rules say', { actual: { ...plain, mode: '4644' } }],
    ['is a device', { actual: { type: 'char', mode: '0600', uid: 0, gid: 0, rdev: '1:1' } }],
  ])('stays for what %s', (_, overrides) => {
    expect(taintLeft(critical, [aLog(overrides)], { sequence: 3, judging: { rulebook: former } })).toEqual(critical);
  });

  it('stays where nothing is known of where it comes from', () => {
    expect(taintLeft(critical, [], { sequence: 3, judging: { rulebook: former } })).toEqual(critical);
  });

  it('stays where only the agent can know: what was pinned', () => {
    const pinning = bookOf({ match: '/etc/machine-id', as: 'per-instance' });
    const swapped = aLog({ name: '/etc/machine-id' });

    expect(taintLeft(critical, [swapped], { sequence: 3, judging: { rulebook: pinning } })).toEqual(critical);
  });

  it('stays for what an agent has since called slight, and these rules call critical', () => {
    const strict = bookOf({ match: '/**', as: 'immutable', severity: 'critical' });

    expect(
      taintLeft(critical, [aLog({ severity: 'info', rules: 3 })], { sequence: 3, judging: { rulebook: strict } }),
    ).toEqual(critical);
  });

  it('is lifted when the rules accept all that it comes from', () => {
    const written = aLog({
      ...{ name: '/var/log/old.log', change: 'modified', attributes: ['content', 'size'], expected: plain },
      actual: { ...plain, size: '4', content: `sha256:${'b'.repeat(64)}` },
    });

    expect(taintLeft(critical, [aLog(), written], { sequence: 3, judging: { rulebook: former } })).toBeNull();
  });

  it('falls to the highest of what they do not accept, and never rises', () => {
    const reverted = aLog({ name: '/usr/lib/x', severity: 'medium', rules: 1 });
    const medium = { severity: 'medium' as const, since: aTime };

    expect(taintLeft(critical, [aLog(), reverted], { sequence: 3, judging: { rulebook: former } })).toEqual(medium);
    expect(taintLeft(medium, [aLog({ isOpen: true })], { sequence: 3, judging: { rulebook: former } })).toEqual(medium);
  });
});

function bookOf(...rules: readonly unknown[]) {
  return openRulebook(rules.map((rule) => Rule.parse(rule)));
}
