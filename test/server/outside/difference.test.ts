import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Claims, compareWithClaims, standing } from '../../../server/outside/difference.ts';
import { markOf } from '../../../server/outside/marks.ts';
import type { Finding } from '../../../shared/finding.ts';
import { untoldFinding } from '../../../shared/outside-look.ts';
import { aFinding } from '../../support/builders.ts';
import { aDirectory } from '../../support/directory.ts';

const nothing: Claims = { told: [], holes: [], mounts: ['/'] };
const told = ({ fingerprint, subject, name, severity }: Finding, isOpen = true) => ({
  ...{ fingerprint, subject, name, severity, isOpen },
});
const kinds = (seen: readonly Finding[], claims: Partial<Claims>) =>
  compareWithClaims(seen, { ...nothing, ...claims }).untold.map(({ silence }) => silence);

describe('what was seen beside what was told', () => {
  const sshd = aFinding({ severity: 'high' });

  it('is untold where nothing was, and told where the same or something as grave was', () => {
    const other = aFinding({ attributes: ['mode'], severity: 'high' });

    expect(kinds([sshd], {})).toEqual(['untold']);
    expect(kinds([sshd], { told: [told(sshd)] })).toEqual([]);
    expect(kinds([sshd], { told: [told(other)] })).toEqual([]);
    expect(kinds([sshd], { told: [told(sshd, false)] })).toEqual([]);
  });

  it('is belittled where less grave was told', () => {
    expect(kinds([sshd], { told: [told(aFinding({ severity: 'low', attributes: ['mode'] }))] })).toEqual(['belittled']);
  });

  it('is left out where the agent cannot look, and is on another disk', () => {
    const holes = [{ subject: 'file', name: '/etc', reason: 'unstable' as const }];

    expect(compareWithClaims([sshd], { ...nothing, holes })).toMatchObject({ untold: [], leftOut: 1 });
    const added = aFinding({ change: 'added' });
    expect(compareWithClaims([added], { ...nothing, mounts: ['/', '/etc/ssh'] })).toMatchObject({ leftOut: 1 });
    expect(compareWithClaims([added], { ...nothing, mounts: ['/', '/etc/ss'] })).toMatchObject({ leftOut: 0 });
  });

  it('is covered where the agent says that a mount is in its way', () => {
    const holes = [{ subject: 'file', name: '/etc/ssh', reason: 'covered-by-mount' as const }];

    expect(kinds([sshd], { holes })).toEqual(['covered']);
    expect(kinds([sshd], { mounts: ['/', sshd.name] })).toEqual(['covered']);
  });

  it('counts for nothing as info, and the gravest goes first', () => {
    const seen = [aFinding({ name: '/a', severity: 'info' }), aFinding({ name: '/b', severity: 'low' }), sshd];

    const { untold } = compareWithClaims(seen, nothing);

    expect(untold.map(({ finding }) => finding.severity)).toEqual(['high', 'low']);
  });

  it('counts what was told and not seen, but for what runs', () => {
    const claims = { ...nothing, told: [told(sshd), told(aFinding({ subject: 'process', name: '/x' }))] };

    expect(compareWithClaims([], claims)).toMatchObject({ untold: [], unseen: 1 });
  });

  it('stands only with the same mark twice', () => {
    const one = { finding: sshd, silence: 'untold' as const };

    expect(standing([{ ...one, mark: 'm' }], [{ ...one, mark: 'm' }])).toHaveLength(1);
    expect(standing([{ ...one, mark: 'm' }], [{ ...one, mark: 'n' }])).toEqual([]);
    expect(standing([{ ...one, mark: undefined }], [{ ...one, mark: undefined }])).toEqual([]);
    expect(standing([], [{ ...one, mark: 'm' }])).toEqual([]);
  });

  it('is one drift wherever an agent is silent about the same in the same way', () => {
    expect(untoldFinding(sshd, 'untold')).toEqual(untoldFinding({ ...sshd, severity: 'low' }, 'untold'));
    expect(untoldFinding(sshd, 'untold').fingerprint).not.toBe(untoldFinding(sshd, 'covered').fingerprint);
    expect(untoldFinding(sshd, 'untold')).toMatchObject({ severity: 'critical', subject: 'outside-look' });
  });
});

describe('the mark of what carries a difference', () => {
  const aRoot = () => {
    const root = aDirectory();
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/config'), 'one');
    return root;
  };
  const config = aFinding({ name: '/etc/config' });

  it.each<[string, (root: string) => void]>([
    ['written', (root) => writeFileSync(join(root, 'etc/config'), 'one')],
    ['given another mode', (root) => chmodSync(join(root, 'etc/config'), 0o600)],
    ['given another time', (root) => utimesSync(join(root, 'etc/config'), 1, 1)],
    [
      'replaced',
      (root) => {
        writeFileSync(join(root, 'etc/new'), 'one');
        renameSync(join(root, 'etc/new'), join(root, 'etc/config'));
      },
    ],
    ['removed', (root) => rmSync(join(root, 'etc/config'))],
  ])('changes when it is %s', async (_what, change) => {
    const root = aRoot();
    const before = await markOf(root, config);
    expect(await markOf(root, config)).toBe(before);

    change(root);

    expect(await markOf(root, config)).not.toBe(before);
  });

  it('of what is gone is that of the directory it is gone from', async () => {
    const root = aRoot();
    rmSync(join(root, 'etc/config'));
    const before = await markOf(root, config);

    writeFileSync(join(root, 'etc/config'), 'back');
    rmSync(join(root, 'etc/config'));

    expect(before).toBeDefined();
    expect(await markOf(root, config)).not.toBe(before);
  });

  it('of a fact is that of the files that say so, and a fact without files has none', async () => {
    const root = aRoot();
    const user = aFinding({ subject: 'user', name: 'eve', actual: { files: ['/etc/config'] } });

    expect(await markOf(root, user)).toBe(await markOf(root, config));
    expect(await markOf(root, aFinding({ subject: 'package', name: 'x', actual: {}, expected: {} }))).toBeUndefined();
  });

  it('is of a link and never of where it leads', async () => {
    const root = aRoot();
    symlinkSync('/proc/self/status', join(root, 'etc/link'));

    const link = aFinding({ name: '/etc/link' });

    expect(await markOf(root, link)).toBe(await markOf(root, link));
  });
});
