import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExplainedPath } from '../../agent/rules/explanation.ts';
import type { Status } from '../../agent/status.ts';
import { startGatewayDouble } from '../support/gateway-double.ts';
import { bake, brief, cleanEnvironment, entryFile, pristine, verify } from '../support/pristine-cli.ts';
import { afterMounting, isRoot, quoted } from '../support/scratch.ts';
import { aBakedTree, hole } from '../support/small-tree.ts';
import { until } from '../support/until.ts';
import { aWorkbench } from '../support/workbench.ts';

/** A FUSE filesystem whose program reads no request: whoever touches it waits until the descriptor is closed. */
const silentFuse = (path: string) =>
  `exec 7<>/dev/fuse; mount -i -t fuse -o fd=7,rootmode=40000,user_id=0,group_id=0 silent ${quoted(path)}`;

function statusOf(stateDir: string): Status | undefined {
  const file = join(stateDir, 'status.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

describe.skipIf(!isRoot)('a filesystem that never answers (needs root)', { timeout: 300_000 }, () => {
  const { place, keys } = aWorkbench();

  it('is a hole, and all else is measured', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const before = afterMounting(`${silentFuse(join(root, 'opt/app/lib'))}; printf x >>${quoted(join(root, 'plain'))}`);

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(report.coverage.holes).toEqual([hole('/opt/app/lib', 'no-answer')]);
    expect(report.coverage.mounts).toEqual([]);
    expect(brief(report)).toEqual(['modified file /plain [content,size] medium']);
    expect(code).toBe(1);
  });

  it('where configuration is kept makes a hole of what may be said there', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    mkdirSync(join(root, 'etc'));
    const before = afterMounting(silentFuse(join(root, 'etc')));

    const { code, report } = await verify({ root, manifest, pub: keys.pub, before });

    expect(report.coverage.holes).toContainEqual(hole('/etc', 'no-answer'));
    expect(report.coverage.holes.map(({ subject }) => subject)).toContain('user');
    expect(code).toBe(3);
  });

  it('is told of by explain, which does not touch it either', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const before = afterMounting(silentFuse(join(root, 'opt/app/lib')));
    const given = ['--root', root, '--manifest', manifest, '--pub', keys.pub, '--json'];

    const { code, stdout } = await pristine(['explain', '/opt/app/lib', '/opt/app/lib/c', ...given], { before });

    const paths: readonly ExplainedPath[] = JSON.parse(stdout).paths;
    expect(paths.map(({ holes, since }) => [...holes.map(({ reason }) => reason), since])).toEqual([
      ['no-answer', null],
      ['no-answer', null],
    ]);
    expect(code).toBe(3);
  });

  it('keeps an agent neither from sweeping nor from following hints', async () => {
    const { root, manifest } = await aBakedTree(place, keys);
    const gateway = await startGatewayDouble();
    const config = join(place.dir, 'agent.yaml');
    const stateDir = join(place.dir, 'state');
    writeFileSync(config, JSON.stringify({ server: gateway.url, root, manifest, pub: keys.pub, stateDir }));
    const [command, ...mounting] = afterMounting(silentFuse(join(root, 'opt/app/lib')));
    const run = [...mounting, process.execPath, entryFile, 'run', '--config', config];
    const agent = spawn(command!, run, { stdio: 'ignore', env: cleanEnvironment });

    try {
      await until(() => gateway.stored.length === 1 && statusOf(stateDir)?.watcher.state === 'partial');
      chmodSync(join(root, 'opt/app'), 0o700);
      await until(() => gateway.stored.length === 2);
    } finally {
      agent.kill('SIGKILL');
      await once(agent, 'exit');
      await gateway.stop();
    }

    const [swept, checked] = gateway.stored;
    expect(swept?.coverage.holes).toEqual([hole('/opt/app/lib', 'no-answer')]);
    expect(checked?.full).toBe(false);
    expect(checked?.opened.map(({ name, attributes }) => [name, attributes])).toEqual([['/opt/app', ['mode']]]);
    expect(checked?.coverage.holes).toEqual([hole('/opt/app/lib', 'no-answer')]);
  });

  it('is never baked', async () => {
    const { root } = await aBakedTree(place, keys);
    const before = afterMounting(silentFuse(join(root, 'opt/app')));

    const { code, stderr } = await bake({ root, out: join(place.dir, 'not-this'), before });

    expect([code, /no-answer/.test(stderr)]).toEqual([3, true]);
  });
});
