import { describe, expect, it } from 'vitest';
import { isByNewRules } from '../../../server/intake/rules-of-report.ts';
import type { Finding } from '../../../shared/finding.ts';
import { judgeProgram, judgeSocket } from '../../../shared/judge-live.ts';
import type { Listener } from '../../../shared/listening.ts';
import { openRulebook } from '../../../shared/rulebook.ts';
import { Rule } from '../../../shared/rules.ts';
import { aFinding } from '../../support/builders.ts';

const none = openRulebook([]);
const judging = (listening?: readonly Listener[], scope = '') => ({ rulebook: none, listening, scope });
const sshd = aListener('tcp/22', '/usr/sbin/sshd');

describe('a finding is there only because of new rules', () => {
  it('never when what runs would have been found before, as grave', () => {
    const here = { inForce: judging(), before: judging() };

    expect(isByNewRules(live(judgeProgram('/tmp/x', 'deleted', none)), here)).toBe(false);
  });

  it('when the rules before silenced the guard over what runs', () => {
    const rule = Rule.parse({ match: '/tmp/x', as: 'ephemeral', override: 'process', reason: 'ours' });
    const before = { ...judging(), rulebook: openRulebook([rule]) };

    expect(isByNewRules(live(judgeProgram('/tmp/x', 'deleted', none)), { inForce: judging(), before })).toBe(true);
  });

  it.each<[string, readonly Listener[] | undefined, boolean]>([
    ['they said nothing of sockets', undefined, true],
    ['they declared this one', [aListener('tcp/23')], true],
    ['they declared it held by this program', [aListener('tcp/23', '/usr/sbin/telnetd')], true],
    ['they declared it held by another', [aListener('tcp/23', '/bin/nc')], false],
    ['they declared another one', [sshd], false],
  ])('as a socket, when %s', (_, listening, expected) => {
    const socket = judgeSocket('tcp/23', { programs: ['/usr/sbin/telnetd'], reach: 'network' }, none);

    expect(isByNewRules(live(socket), { inForce: judging([sshd]), before: judging(listening) })).toBe(expected);
  });

  it('in doubt, when they lay other components over the image or look elsewhere; but for what a guard finds', () => {
    const here = { inForce: judging(undefined, 'now'), before: judging(undefined, 'then') };
    const program = live(judgeProgram('/tmp/x', 'deleted', none));

    expect(isByNewRules(aFinding({ severity: 'medium', rule: 'default' }), here)).toBe(true);
    expect(isByNewRules(aFinding({ severity: 'medium', rule: 'default' }), { ...here, before: here.inForce })).toBe(
      false,
    );
    expect(isByNewRules(program, here)).toBe(false);
  });

  it('not where this end does not know by what an agent judges', () => {
    expect(isByNewRules(aFinding(), { inForce: undefined, before: undefined })).toBe(false);
  });
});

function aListener(socket: string, ...program: readonly string[]): Listener {
  return { socket, ...(program.length > 0 && { program: [...program] }) };
}

function live(verdict: ReturnType<typeof judgeProgram>): Finding {
  if (typeof verdict !== 'object') throw new Error('expected a finding');
  return verdict;
}
