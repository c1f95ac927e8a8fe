import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import { driftCases } from '../support/drift-cases.ts';
import { bakeSigned, brief, pristine, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { differences, listTree } from '../support/tree-oracle.ts';
import { aWorkbench } from '../support/workbench.ts';

describe.skipIf(!isRoot)('verify of a Debian (needs root)', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();
  let debian: string;
  let manifest: string;

  beforeAll(async () => {
    debian = debianRoot();
    manifest = join(place.dir, 'manifest');
    await bakeSigned({ root: debian, out: manifest, key: keys.key });
  }, 600_000);

  it('exits 0 where nothing has changed', async () => {
    const { code, report } = await verify({ root: debian, manifest, pub: keys.pub });

    expect(code).toBe(0);
    expect(report.findings).toEqual([]);
    expect(report.coverage.holes).toEqual([]);
    const listing = [...listTree(debian).values()];
    const regular = listing.filter(({ type }) => type === 'file');
    expect(report.coverage.filesHashed).toBe(regular.length);
    expect(report.coverage.bytesHashed).toBe(regular.reduce((sum, { size }) => sum + Number(size), 0));
    expect(report.coverage.entries).toBeGreaterThan(listing.length);
  });

  it.each(driftCases.map((one, index) => ({ ...one, index })))(
    'finds exactly: $what',
    async ({ change, findings, index }) => {
      const root = place.overlay(debian, `case-${index}`);
      change(root);

      const { code, report } = await verify({ root, manifest, pub: keys.pub });

      place.unmount(root);
      expect(brief(report)).toEqual(findings.toSorted());
      expect(report.coverage.holes).toEqual([]);
      expect(code).toBe(findings.length > 0 ? 1 : 0);
    },
  );

  it('finds each path of a removed directory', async () => {
    const root = place.overlay(debian, 'removed-dir');
    const before = listTree(join(root, 'usr/share/doc'));
    rmSync(join(root, 'usr/share/doc'), { recursive: true });

    const { code, report } = await verify({ root, manifest, pub: keys.pub });

    place.unmount(root);
    const names = [...before.keys()].map((name) => (name === '/' ? '/usr/share/doc' : `/usr/share/doc${name}`));
    expect(report.findings.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    expect(report.summary).toEqual({ added: 0, removed: names.length, modified: 0 });
    expect(code).toBe(1);
  });

  it('finds what a real dpkg -i changes, no more and no less', async () => {
    const root = place.overlay(debian, 'dpkg');
    const before = listTree(root);
    execFileSync('cp', [buildPackage(place.folder('deb')), join(root, 'tmp/zz.deb')]);
    execFileSync('chroot', [root, 'dpkg', '-i', '/tmp/zz.deb'], { stdio: 'ignore' });
    const after = listTree(root);

    const { code, report } = await verify({ root, manifest, pub: keys.pub });

    place.unmount(root);
    const ephemeral = /^\w+ file \/(tmp|var\/log|var\/cache|var\/tmp|run|dev)\//;
    const expected = differences(before, after).filter((line) => !ephemeral.test(line));
    const withoutSeverity = brief(report).map((line) => line.replace(/ \w+$/, ''));
    expect(withoutSeverity).toEqual([...expected, 'added package zz-real:all [purl,status,version]'].toSorted());
    expect(withoutSeverity.length).toBeGreaterThan(5);
    const critical = report.findings.filter(({ severity }) => severity === 'critical').map(({ name }) => name);
    expect(critical).toEqual(['/usr/bin/zz-tool']);
    expect(code).toBe(1);
  });

  it('shows the values on both sides of a finding', async () => {
    const root = place.overlay(debian, 'values');
    const path = '/etc/debian_version';
    const before = listTree(join(root, 'etc')).get('/debian_version');
    appendFileSync(join(root, path), 'x');
    const after = listTree(join(root, 'etc')).get('/debian_version');

    const { report } = await verify({ root, manifest, pub: keys.pub });

    place.unmount(root);
    expect(report.findings[0]?.expected).toMatchObject({ content: before?.['content'], size: before?.['size'] });
    expect(report.findings[0]?.actual).toMatchObject({ content: after?.['content'], size: after?.['size'] });
  });

  it.each([
    ['medium', 1],
    ['high', 0],
    ['critical', 0],
    ['low', 1],
    ['info', 1],
  ])('with --fail-on %s a medium finding exits %i, and the verdict stays drifted', async (failOn, expected) => {
    const root = place.overlay(debian, `fail-on-${failOn}`);
    writeFileSync(join(root, 'etc/new'), '');

    const { code, report } = await verify({ root, manifest, pub: keys.pub, failOn });

    place.unmount(root);
    expect(code).toBe(expected);
    expect(report.verdict).toBe('drifted');
  });

  it('refuses a severity that there is not', async () => {
    const args = ['--root', debian, '--manifest', manifest, '--pub', keys.pub];

    const run = await pristine(['verify', ...args, '--fail-on', 'severe']);

    expect(run.code).toBe(2);
  });

  it('reports the loss of everything, whole', async () => {
    const { code, report } = await verify({ root: place.folder('empty'), manifest, pub: keys.pub });

    expect(code).toBe(1);
    expect(report.findings.length).toBeGreaterThan(5000);
    expect(report.findings.every(({ change, name }) => change === 'removed' || name === '/')).toBe(true);
  });
});

function buildPackage(dir: string): string {
  mkdirSync(join(dir, 'zz/DEBIAN'), { recursive: true });
  mkdirSync(join(dir, 'zz/usr/share/zz'), { recursive: true });
  mkdirSync(join(dir, 'zz/usr/bin'), { recursive: true });
  writeFileSync(
    join(dir, 'zz/DEBIAN/control'),
    'Package: zz-real\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.com>\nDescription: a demo\n',
  );
  writeFileSync(join(dir, 'zz/usr/share/zz/readme'), 'read me\n');
  writeFileSync(join(dir, 'zz/usr/bin/zz-tool'), '#!/bin/sh\n');
  chmodSync(join(dir, 'zz/usr/bin/zz-tool'), 0o4755);
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', join(dir, 'zz'), join(dir, 'zz.deb')], {
    stdio: 'ignore',
  });
  return join(dir, 'zz.deb');
}
