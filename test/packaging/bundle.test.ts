import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AgentBundle, bundleAgent } from '../../packaging/bundle.ts';
import { houseDir } from '../../packaging/run-command.ts';
import { aDirectory } from '../support/directory.ts';

describe('the bundle of the agent', () => {
  let dir: string;
  let bundle: AgentBundle;
  const pristine = (...args: readonly string[]) => {
    const tell = `--require=${join(houseDir, 'test/support/tell-refused-code.cjs')}`;
    return spawnSync(process.execPath, [tell, bundle.entry, ...args], { cwd: dir, env: {}, encoding: 'utf8' });
  };
  const verify = () => pristine('verify', '--root', 'root', '--manifest', 'baked', '--pub', 'key.pub');

  beforeAll(async () => {
    dir = aDirectory();
    bundle = await bundleAgent(join(dir, 'agent'));
    mkdirSync(join(dir, 'root/etc'), { recursive: true });
    writeFileSync(join(dir, 'root/etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    pristine('keygen', '--out', 'key');
    const named = ['--image', 'a', '--image-version', '1', '--out', 'baked', '--key', 'key.key'];
    expect(pristine('bake', '--root', 'root', ...named).status).toBe(0);
  });

  it('runs a sweep with what was compiled beforehand, in every thread', () => {
    const { status, stderr } = verify();

    expect(status).toBe(0);
    expect(stderr).toContain('accepted: main.js\n');
    expect(stderr).toContain('accepted: observer.js\n');
    expect(stderr).not.toContain('refused');
  });

  it('writes nothing where it lies', () => {
    const before = listing(join(dir, 'agent'));
    verify();

    expect(listing(join(dir, 'agent'))).toEqual(before);
  });

  it.each(['gone', 'cut short', 'of nothing that V8 knows'])('does without it where it is %s', (what) => {
    const code = join(dir, 'agent/main.js.code');
    const whole = readFileSync(code);
    rmSync(code);
    if (what === 'cut short') writeFileSync(code, whole.subarray(0, 1_000));
    if (what === 'of nothing that V8 knows') writeFileSync(code, 'x'.repeat(10_000));
    const { status, stdout } = verify();
    writeFileSync(code, whole);

    expect(status).toBe(0);
    expect(stdout).toContain('in_sync');
  });

  it('says where it failed', () => {
    appendFileSync(join(dir, 'agent/verify-sweep.js'), '\nthrow new Error("on purpose");');
    const { status, stderr } = verify();

    expect(status).toBe(3);
    expect(stderr).toMatch(/on purpose[\s\S]*verify-sweep\.js:/);
  });
});

function listing(dir: string): string {
  return execFileSync('find', [dir, '-printf', '%p %s %T@ %C@\n'], { encoding: 'utf8' });
}
