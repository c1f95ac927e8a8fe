import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Report } from '../../shared/report.ts';
import { debianRoot } from '../support/debian-root.ts';
import { bakeSigned, pristine, verify } from '../support/pristine-cli.ts';
import { isRoot } from '../support/scratch.ts';
import { aWorkbench } from '../support/workbench.ts';

describe.skipIf(!isRoot)('a relabel of a whole system (needs root)', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();

  it('is one line, and neither a changed program nor a set-id one hides in it', async () => {
    const debian = debianRoot();
    const manifest = join(place.dir, 'manifest');
    await bakeSigned({ root: debian, out: manifest, key: keys.key });
    const root = place.overlay(debian, 'relabelled');
    execFileSync('chgrp', ['-hR', '1000', join(root, 'usr')]);
    chmodSync(join(root, 'usr/bin/passwd'), 0o4755);
    appendFileSync(join(root, 'usr/bin/env'), 'x');

    const { code, report } = await verify({ root, manifest, pub: keys.pub });
    const text = await pristine(['verify', '--root', root, '--manifest', manifest, '--pub', keys.pub]);

    place.unmount(root);
    const alone = report.findings.filter(({ attributes }) => attributes.join() !== 'gid');
    const [relabel, ...others] = report.relabels ?? [];
    expect([code, text.code]).toEqual([1, 1]);
    expect(others).toEqual([]);
    expect(relabel).toMatchObject({ attributes: ['gid'], severity: 'medium' });
    // Each path is still a finding; what is folded differs in its group only, and passwd is set-id.
    expect(relabel!.files).toBe(report.findings.length - alone.length - 1);
    expect(relabel!.files).toBeGreaterThan(5_000);
    expect(alone.map(({ name }) => name)).toContain('/usr/bin/env');
    expect(text.stdout).toContain(`gid differs on ${relabel!.files} files: a relabel`);
    expect(text.stdout).toContain('modified  /usr/bin/env\n');
    expect(text.stdout).toMatch(/critical +modified +\/usr\/bin\/passwd\n.*\n.*guard setuid/);
    expect(text.stdout.split('\n').length).toBeLessThan(200);
  });

  it('reaches the agent as drift, however large it is', async () => {
    const root = place.folder('large');
    for (let directory = 0; directory < 60; directory++) {
      mkdirSync(join(root, `d${directory}`));
      for (let file = 0; file < 500; file++) writeFileSync(join(root, `d${directory}`, `${file}`), '');
    }
    const manifest = join(place.dir, 'large.manifest');
    await bakeSigned({ root, out: manifest, key: keys.key });
    execFileSync('chown', ['-R', '1000:1000', root]);
    writeFileSync(join(root, 'd9/499'), 'changed');

    const args = ['--root', root, '--manifest', manifest, '--pub', keys.pub];
    const run = await pristine(['sweep', ...args]);

    const report = Report.parse(JSON.parse(run.stdout));
    expect([run.code, report.verdict]).toEqual([1, 'drifted']);
    expect(report.findings.length).toBe(10_001);
    expect(report.findings.map(({ name }) => name)).toContain('/d9/499');
    expect(report.coverage.holes).toEqual([{ subject: 'file', name: '/', reason: 'too-many' }]);
  });
});
