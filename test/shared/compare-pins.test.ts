import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEntry, type Pin } from '../../shared/compare.ts';
import type { Entry, FileEntry } from '../../shared/entry.ts';
import { fingerprintOf } from '../../shared/finding.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { Rule, treatments } from '../../shared/rules.ts';
import { aFile, aLink, contentA, contentB } from '../support/entries.ts';

const contentC = `sha256:${'c'.repeat(64)}`;
const ours = { match: '/usr/**', as: 'per-instance' };
const book = (...rules: readonly unknown[]) => openRulebook(rules.map((rule) => Rule.parse(rule)));
const other = (overrides: Partial<FileEntry> = {}) => aFile({ content: contentB, ...overrides });
const pinOf = (entry: Entry | undefined): Pin => ({ entry });

function told(rules: readonly unknown[], before: Entry | undefined, after: Entry | undefined, pin?: Pin) {
  const finding = compareEntry(before, after, book(...rules), pin);
  return finding && `${finding.change} ${finding.attributes.join()} ${finding.severity} ${finding.rule}`;
}

describe('a pin', () => {
  const asFile = 'content,gid,mode,size,type,uid';
  it.each<[string, Entry | undefined, Entry | undefined, Pin | undefined, string | undefined]>([
    ['is missing: content is free', aFile(), other(), undefined, undefined],
    ['is as found', aFile(), other(), pinOf(other()), undefined],
    ['is of other content', aFile(), other(), pinOf(aFile()), 'modified content medium /usr/**'],
    ['is of another owner', undefined, other({ uid: 7 }), pinOf(other()), 'modified uid medium /usr/**'],
    ['is of a link', undefined, other(), pinOf(aLink('/x')), 'modified type medium /usr/**'],
    ['is of what is gone', undefined, undefined, pinOf(other()), `removed ${asFile} medium /usr/**`],
    ['is of nothing, and nothing is there', undefined, undefined, pinOf(undefined), 'error'],
    ['is of nothing, and something is there', undefined, other(), pinOf(undefined), `added ${asFile} medium /usr/**`],
    ['is of nothing, and it is as baked', aFile(), aFile(), pinOf(undefined), undefined],
    ['is of nothing, and it is not as baked', aFile(), other(), pinOf(undefined), 'modified content medium /usr/**'],
    ['is of a file that could not be read now', aFile(), other({ content: undefined! }), pinOf(aFile()), undefined],
  ])('%s', (_what, before, after, pin, found) => {
    if (found === 'error') expect(() => told([ours], before, after, pin)).toThrow(TypeError);
    else expect(told([ours], before, after, pin)).toBe(found);
  });

  it('counts at least medium, and more where the rule says so', () => {
    const rule = (severity: string) => [{ ...ours, severity }];

    expect(told(rule('info'), aFile(), other(), pinOf(aFile()))).toContain('medium');
    expect(told(rule('high'), aFile(), other(), pinOf(aFile()))).toContain('high');
  });

  it('leaves known other contents fine', () => {
    const rules = [{ ...ours, accept: contentB }];

    expect(told(rules, aFile(), other(), pinOf(aFile()))).toBeUndefined();
    expect(told(rules, aFile(), other({ content: contentC }), pinOf(aFile()))).toContain('content');
  });

  it('makes one finding with what differs from what was baked', () => {
    const baked = aFile({ mode: '0444' });
    const pin = other({ mode: '0600' });

    const finding = compareEntry(baked, other({ mode: '0640', content: contentC }), book(ours), pinOf(pin))!;

    expect(finding).toMatchObject({ attributes: ['content', 'mode'], expected: { content: contentB, mode: '0444' } });
    expect(finding.fingerprint).toBe(fingerprintOf(finding));
  });

  it('counts only where rules pin', () => {
    for (const as of treatments) {
      const rule = { match: '/usr/**', as, reason: 'r' };
      const isPinned = as === 'per-instance' || as === 'set-at-boot';

      expect(told([rule], aFile(), aFile(), pinOf(other())) !== undefined).toBe(isPinned);
      expect(Rule.safeParse({ ...rule, pin: true }).success).toBe(isPinned);
      if (isPinned) expect(told([{ ...rule, pin: false }], aFile(), aFile(), pinOf(other()))).toBeUndefined();
    }
  });

  it('never makes less of a difference than there is without it, and makes none of what is as it was', () => {
    const anEntry = fc.option(
      fc.record({
        content: fc.constantFrom(contentA, contentB),
        mode: fc.constantFrom('0644', '0755', '4755'),
        uid: fc.constantFrom(0, 7),
      }),
      { nil: undefined },
    );
    const aRule = fc.record({
      match: fc.constant('/usr/**'),
      as: fc.constantFrom('per-instance', 'set-at-boot', 'immutable', 'ephemeral'),
      severity: fc.constantFrom('info', 'medium', 'critical'),
    });
    fc.assert(
      fc.property(aRule, anEntry, anEntry, anEntry, (rule, baked, now, then) => {
        const [before, after, pinned] = [baked, now, then].map((given) => given && aFile(given));
        fc.pre(before !== undefined || after !== undefined);
        const without = compareEntry(before, after, book(rule));

        const finding = compareEntry(before, after, book(rule), pinOf(pinned));

        if (without !== undefined) {
          expect(finding).toMatchObject({ change: without.change });
          expect(finding?.attributes).toEqual(expect.arrayContaining([...without.attributes]));
        }
        if (JSON.stringify(pinned) === JSON.stringify(after)) {
          if (pinned !== undefined) expect(finding?.fingerprint).toBe(without?.fingerprint);
        } else if (book(rule).rulingOf('/usr/share/a').isPinned && (pinned ?? before) !== after) {
          expect(finding === undefined).toBe(pinned === undefined && JSON.stringify(before) === JSON.stringify(after));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a fact that a first boot may bring', () => {
  const rule = { match: ['/etc/passwd', '/etc/shadow'], as: 'set-at-boot', expect: { users: ['admin'] } };
  const admin: Entry = {
    ...{ subject: 'user', name: 'admin', uid: 1000, gid: 1000, home: '/home/admin', shell: '/bin/sh' },
    ...{ password: 'locked', files: ['/etc/passwd', '/etc/shadow'] },
  };

  it('is foreseen until boot has settled, and then only if it was there', () => {
    expect(told([rule], undefined, admin)).toBeUndefined();
    expect(told([rule], undefined, admin, pinOf(admin))).toBeUndefined();
    expect(told([rule], undefined, admin, pinOf(undefined))).toContain('added files,gid,home,password,shell,uid high');
    expect(told([rule], undefined, { ...admin, uid: 0 }, pinOf(admin))).toContain('critical guard users');
    expect(told([rule], undefined, undefined, pinOf(admin))).toContain('removed');
  });

  it('is pinned where one of its files is, and none is immutable', () => {
    const rulesOf = (shadow: object) => [
      { ...rule, match: '/etc/passwd' },
      { match: '/etc/shadow', ...shadow },
    ];
    const relaxed = { as: 'per-instance', pin: false };

    expect(told(rulesOf(relaxed), admin, { ...admin, shell: '/bin/x' }, pinOf(admin))).toContain('modified shell high');
    expect(told(rulesOf({ as: 'immutable' }), undefined, admin, pinOf(admin))).toContain('added');
  });
});
