import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { houseDir } from '../../support/house.ts';

it('lowers every thread that is there and those that come after, never raises one, and goes first where memory ends', async () => {
  const own = getPriority();
  expect(await threadsAfterLowering([])).toEqual(new Set([`nice ${Math.max(10, own)} policy 3`]));
  expect(await threadsAfterLowering(['nice', '-n', '15'])).toEqual(
    new Set([`nice ${Math.min(19, own + 15)} policy 3`]),
  );
});

/** As the kernel has them (proc_pid_stat(5)): fields 19, nice, and 41, policy. */
async function threadsAfterLowering(before: readonly string[]): Promise<Set<string>> {
  const script = `
    const { Worker } = require('node:worker_threads');
    import(${JSON.stringify(join(houseDir, 'agent/host/priority.ts'))}).then(({ lowerPriority }) => {
      lowerPriority();
      new Worker('process.stdout.write("ready"); setInterval(() => {}, 1000)', { eval: true });
    });`;
  const [command, ...rest] = [...before, process.execPath, '-e', script];
  const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const task = `/proc/${child.pid}/task`;
    const threads = readdirSync(task).map((thread) => {
      const fields = readFileSync(join(task, thread, 'stat'), 'utf8')
        .split(') ')[1]!
        .split(' ');
      return `nice ${fields[16]} policy ${fields[38]}`;
    });
    expect(threads.length).toBeGreaterThan(2);
    expect(readFileSync(`/proc/${child.pid}/oom_score_adj`, 'utf8')).toBe('500\n');
    return new Set(threads);
  } finally {
    child.kill('SIGKILL');
  }
}
