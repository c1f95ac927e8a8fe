import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AgentBundle, bundleAgent } from '../../packaging/bundle.ts';
import { houseDir } from '../../packaging/run-command.ts';
import { digestOf } from '../../shared/digest.ts';
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

  it.each<[string, (whole: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut short', (whole) => whole.subarray(0, 1_000)],
    ['of nothing that V8 knows', () => Buffer.alloc(10_000, 'x')],
    [
      'damaged at its end',
      (whole) => Buffer.concat([whole.subarray(0, whole.length / 2), Buffer.alloc(whole.length / 2)]),
    ],
  ])('does without it where it is %s', (_what, change) => {
    const code = join(dir, 'agent/verify.js.code');
    const whole = readFileSync(code);
    writeFileSync(code, change(whole));
    const { status, stdout, stderr } = verify();
    writeFileSync(code, whole);

    expect([status, stdout.slice(0, 7)]).toEqual([0, 'in_sync']);
    expect(stderr).not.toContain('verify.js\n');
  });

  it('does without it where the text has changed and kept its length', () => {
    const file = join(dir, 'agent/report-text.js');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll('everything is as', 'EVERYTHING IS AS'));
    const { stdout } = verify();
    writeFileSync(file, text);

    expect(stdout).toContain('EVERYTHING IS AS it was baked');
  });

  it('is the same, however many cores the machine has', () => {
    const bundler = join(houseDir, 'packaging/bundle.ts');
    const program = `import(${JSON.stringify(bundler)}).then(({ bundleAgent }) => bundleAgent(process.argv[1]))`;
    execFileSync('taskset', ['-c', '0', process.execPath, '-e', program, join(dir, 'other')]);

    expect(digests(join(dir, 'other'))).toEqual(digests(join(dir, 'agent')));
  });

  it('says where it failed', () => {
    appendFileSync(join(dir, 'agent/verify-sweep.js'), '\nthrow new Error("on purpose");');
    const { status, stderr } = verify();

    expect(status).toBe(3);
    expect(stderr).toMatch(/on purpose[\s\S]*verify-sweep\.js:/);
  });
});

function digests(dir: string): readonly string[] {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return names.map(({ parentPath, name }) => {
    const file = join(parentPath, name);
    return `${relative(dir, file)} ${digestOf(readFileSync(file))}`;
  });
}

function listing(dir: string): string {
  return execFileSync('find', [dir, '-printf', '%p %s %T@ %C@\n'], { encoding: 'utf8' });
}
