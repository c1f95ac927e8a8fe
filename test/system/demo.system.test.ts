import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = new URL('../..', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;
/** nobody: an ordinary user that every Linux has. */
const ordinary = 65_534;
const minutes = 60_000;

const clones = mkdtempSync(join(tmpdir(), 'pristine-clones-'));
afterAll(() => rmSync(clones, { recursive: true, force: true }));

/** The system's own PATH and nothing of this checkout: a fresh machine has neither our runtime nor our modules. */
const freshPath = (process.env['PATH'] ?? '')
  .split(':')
  .filter((folder) => !folder.includes('node_modules'))
  .join(':');

for (const user of isRoot ? (['root', 'ordinary user'] as const) : (['ordinary user'] as const)) {
  describe(`npm run demo in a fresh clone, as ${user}`, () => {
    const clone = join(clones, user.replace(' ', '-'));
    const asNobody = isRoot && user === 'ordinary user';

    beforeAll(() => {
      execFileSync('git', ['clone', '--quiet', '--no-hardlinks', repository, clone]);
      execFileSync('chmod', ['755', clones]);
      if (asNobody) execFileSync('chown', ['-R', `${ordinary}:${ordinary}`, clone]);
    }, 2 * minutes);

    it('closes the loop with --once --json, and pristinectl accepts the proofs', {
      timeout: 15 * minutes,
    }, async () => {
      expect(existsSync(join(clone, 'node_modules'))).toBe(false);

      const demo = await runDemo(['--once', '--json']);

      expect(demo.code, demo.err).toBe(0);
      const summary = JSON.parse(demo.out);
      expect(summary.drifted).toHaveLength(2);
      expect(summary.acts.map(({ act, refused }: { act: string; refused: number }) => [act, refused])).toEqual([
        ['bad-rules', 6],
        ['tool', 3],
        ['treadmill', 1],
        ['killed-server', 1],
        ['reverted', 0],
        ['stopped', 1],
        ['blinded', 0],
        ['approval', 1],
        ['quarantine', 1],
        ['bad-image', 6],
      ]);
      expect([summary.replaced, summary.refused]).toEqual([asNobody || !isRoot ? 7 : 8, 20]);
      for (const one of summary.drifted) {
        expect(one).toMatchObject({ proof: 'in_sync', msToVerdict: expect.any(Number), msToProof: expect.any(Number) });
        expect(one.newInstanceId).not.toBe(one.instanceId);
        const verify = ['proof', 'verify', one.proofFile, '--pub', summary.proofPub];
        execFileSync(join(clone, 'node_modules/.bin/node'), [join(clone, 'server/ctl/pristinectl.js'), ...verify]);
      }
      await expectNothingLeft();
    });

    it('ends non-zero when nothing drifts', { timeout: 5 * minutes }, async () => {
      const demo = await runDemo(['--once', '--json', '--no-drift', '--timeout', '10s']);

      expect(demo.code).not.toBe(0);
      expect(demo.err).toContain('measured and in sync');
      expect(JSON.parse(demo.out)).toMatchObject({ ok: false, error: { code: 'TIMEOUT' } });
      await expectNothingLeft();
    });

    it('ends non-zero when the agents are stopped', { timeout: 5 * minutes }, async () => {
      const demo = startDemo(['--once', '--json', '--timeout', '20s']);
      await until(() => demo.err().includes('measured and in sync'), 3 * minutes);

      const stopping = setInterval(() => signalAgents('SIGSTOP'), 50);
      const ended = await demo.ended.finally(() => clearInterval(stopping));

      expect(ended.code).not.toBe(0);
      expect(JSON.parse(ended.out)).toMatchObject({ ok: false });
      await expectNothingLeft();
    });

    it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
      'leaves nothing behind after %s',
      { timeout: 5 * minutes },
      async (signal) => {
        const demo = startDemo(['--json']);
        await until(() => demo.err().includes('tells nobody'), 3 * minutes);

        for (const pid of pidsWith('server/demo/main.ts')) process.kill(pid, signal);
        const ended = await demo.ended;

        expect(ended.code).not.toBe(0);
        await expectNothingLeft();
      },
    );

    function startDemo(args: readonly string[]) {
      const npm = ['npm', 'run', '--silent', 'demo', '--', ...args];
      const [file, ...rest] = asNobody
        ? ['setpriv', `--reuid=${ordinary}`, `--regid=${ordinary}`, '--clear-groups', ...npm]
        : npm;
      const env = {
        ...process.env,
        PATH: freshPath,
        HOME: clone,
        npm_config_cache: join(clone, '.npm'),
      };
      const child: ChildProcess = spawn(file!, rest, { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      let err = '';
      child.stdout?.on('data', (text) => (out += text));
      child.stderr?.on('data', (text) => (err += text));
      const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
        child.once('close', (code) => resolve({ code, out, err })),
      );
      return { ended, err: () => err };
    }

    function runDemo(args: readonly string[]) {
      return startDemo(args).ended;
    }
  });
}

function signalAgents(signal: NodeJS.Signals): void {
  for (const pid of pidsWith('pristine-demo-', 'agent/pristine.js')) process.kill(pid, signal);
}

function pidsWith(...words: readonly string[]): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const command = readOrEmpty(`/proc/${pid}/cmdline`);
      return words.every((word) => command.includes(word));
    })
    .map(Number);
}

/** No process, no mount, no folder of any demo. The janitor works after a kill -9 too, so give it its time. */
async function expectNothingLeft(): Promise<void> {
  const left = () => [
    ...pidsWith('pristine-demo-').map((pid) => `process ${pid}`),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes('pristine-demo-')),
    ...readdirSync(tmpdir()).filter((name) => name.startsWith('pristine-demo-')),
  ];
  await until(() => left().length === 0, minutes).catch(() => expect(left()).toEqual([]));
}

async function until(fact: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for ${fact}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
