import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pam, parsePam } from '../../../../agent/collect/facts/pam.ts';
import { type FactsRoot, factsRoot } from '../../../support/facts-root.ts';

describe('rules of PAM', () => {
  it.each([
    ['nothing', '', []],
    ['order', 'b x y\na x y', ['b x y', 'a x y']],
    ['blanks, cases and carriage returns', ' AUTH\tRequired   Pam_Unix.so \r\n', ['auth required Pam_Unix.so']],
    ['brackets', 'auth [success=1  default=Ignore] x.so', ['auth [success=1 default=Ignore] x.so']],
    ['comments', '#auth x\nauth required x.so # no\\\n', ['auth required x.so']],
    ['continued lines', 'auth \\\n required \\\r\n x.so\\', ['auth required x.so']],
    ['includes of Debian', '@include  Common-auth', ['@include Common-auth']],
    ['what is no rule', 'Auth\n\0\n\xff\xa0', ['auth', '\0', '\xff\xa0']],
  ])('keep %s', (_what, text, expected) => {
    expect(parsePam(text)).toEqual(expected);
  });

  it.each([' a', '\\\n', ' ', '#', '['])('take one pass: %j', (piece) => {
    expect(parsePam(piece.repeat(500_000)).length).toBeLessThan(2);
  });

  describe('in a root', () => {
    let root: FactsRoot;
    beforeEach(() => {
      root = factsRoot();
    });
    afterEach(() => root.remove());

    it('come from the first directory that has the service, and from the shared file', () => {
      root.put('usr/lib/pam.d/sshd', 'auth required vendor.so');
      root.put('usr/lib/pam.d/login', 'auth required vendor.so');
      root.put('etc/pam.d/sshd', 'auth required own.so\nauth required vendor.so\n');
      root.put(
        'etc/pam.conf',
        'LOGIN auth required shared.so\nother auth required deny.so\nlogin account required x.so',
      );
      mkdirSync(join(root.dir, 'etc/pam.d/dir'));
      root.link('nowhere', 'etc/pam.d/none');
      root.link('loop', 'etc/pam.d/loop');

      const { entries, holes } = root.facts(pam);

      expect(holes).toEqual([]);
      expect(entries).toEqual([
        { subject: 'pam', name: 'login', rules: ['auth required vendor.so'], files: ['/usr/lib/pam.d/login'] },
        {
          subject: 'pam',
          name: 'login #2',
          rules: ['auth required shared.so', 'account required x.so'],
          files: ['/etc/pam.conf'],
        },
        { subject: 'pam', name: 'other', rules: ['auth required deny.so'], files: ['/etc/pam.conf'] },
        {
          subject: 'pam',
          name: 'sshd',
          rules: ['auth required own.so', 'auth required vendor.so'],
          files: ['/etc/pam.d/sshd'],
        },
      ]);
    });

    it('may be more than a line of a manifest holds', () => {
      root.put('etc/pam.d/long', 'auth required x.so\n'.repeat(50_000) + 'x'.repeat(1_000_000));

      const [service] = root.facts(pam).entries;

      expect(service?.subject === 'pam' && service.rules.at(-1)).toMatch(/^\.\.\. \(\d+ more, sha256:/);
    });
  });
});
