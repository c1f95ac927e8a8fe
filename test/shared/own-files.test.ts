import { describe, expect, it } from 'vitest';
import { compareEntry } from '../../shared/compare.ts';
import { isOwnFile } from '../../shared/own-files.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { Rule } from '../../shared/rules.ts';
import { aFile } from '../support/entries.ts';

const other = `sha256:${'b'.repeat(64)}`;
const unit = 'pristine-agent.service';

const rulebook = (...rules: readonly object[]) => openRulebook(rules.map((rule) => Rule.parse(rule)));
const judged = (baked: boolean, there: boolean, name: string, ...rules: readonly object[]) => {
  const expected = baked ? aFile({ name }) : undefined;
  const observed = there ? aFile({ name, content: other }) : undefined;
  const finding = compareEntry(expected, observed, rulebook(...rules));
  return finding && `${finding.change} ${finding.severity} ${finding.rule}`;
};

describe('the agent’s own files', () => {
  it.each([
    '/usr/bin/pristine',
    '/usr/lib/pristine/main.js',
    '/usr/lib/pristine/bin/node',
    '/etc/pristine/agent.yaml',
    '/etc/pristine/trusted.pub',
    `/usr/lib/systemd/system/${unit}`,
    `/lib/systemd/system/${unit}`,
    `/etc/systemd/system/${unit}.d/x.conf`,
    `/run/systemd/system/${unit}.d`,
    `/run/systemd/transient/${unit}.d/x.conf`,
    `/etc/systemd/system.control/${unit}`,
    '/etc/systemd/system/service.d/all.conf',
    `/etc/systemd/system/multi-user.target.wants/${unit}`,
  ])('are %s', (name) => {
    expect(isOwnFile(name)).toBe(true);
  });

  it.each([
    '/usr/lib/pristine-other/main.js',
    '/usr/bin/pristinectl',
    '/etc/systemd/system/web.service.d/x.conf',
    `/srv/${unit}`,
    `/etc/systemd/user/${unit}`,
    `/etc/systemd/system/my-${unit}`,
  ])('are not %s', (name) => {
    expect(isOwnFile(name)).toBe(false);
  });
});

describe('the guard over them', () => {
  const name = '/usr/lib/pristine/main.js';

  it.each([
    ['changed', true, true, 'modified'],
    ['gone', true, false, 'removed'],
    ['new', false, true, 'added'],
  ] as const)('calls critical what is %s, whatever rules say', (_what, baked, there, change) => {
    const critical = `${change} critical guard agent`;

    expect(judged(baked, there, name)).toBe(critical);
    expect(judged(baked, there, name, { match: '/usr/lib/pristine/**', as: 'ephemeral' })).toBe(critical);
    expect(judged(baked, there, name, { match: '/usr/**', as: 'ignored', reason: 'r' })).toBe(critical);
    expect(judged(baked, there, name, { match: '/usr/**', as: 'immutable', severity: 'info' })).toBe(critical);
  });

  it('is silenced by name only', () => {
    const rule = { match: '/usr/lib/pristine/**', as: 'ephemeral', override: 'agent', reason: 'we build it here' };

    expect(judged(true, true, name, rule)).toBe(undefined);
  });

  it('lets appear what an instance is given when it starts, and no more', () => {
    const config = '/etc/pristine/agent.yaml';
    const rule = { match: config, as: 'per-instance' };

    expect(judged(false, true, config, rule)).toBe(undefined);
    expect(judged(true, true, config, rule)).toBe('modified critical guard agent');
    const pin = { entry: aFile({ name: config }) };
    expect(compareEntry(undefined, aFile({ name: config, content: other }), rulebook(rule), pin)).toMatchObject({
      change: 'modified',
      severity: 'critical',
    });
    expect(compareEntry(undefined, undefined, rulebook(rule), pin)).toMatchObject({
      change: 'removed',
      severity: 'critical',
    });
  });
});
