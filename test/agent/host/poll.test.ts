import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWaiter, type Waiter } from '../../../agent/host/poll.ts';
import { aDirectory } from '../../support/directory.ts';
import { cleanEnvironment } from '../../support/pristine-cli.ts';

/** Longer than a test may take: none of these waits lasts its time. */
const long = 3_600_000;

describe('a waiter', () => {
  let pipes: readonly number[];
  let waiter: Waiter;
  beforeEach(() => {
    pipes = [aPipe(), aPipe()];
    waiter = openWaiter();
  });
  afterEach(() => {
    waiter.stop();
    for (const fd of pipes) closeSync(fd);
  });

  it('tells which file can be read, also where it could be before', async () => {
    const waited = waiter.wait(readable(pipes), long);
    writeSync(pipes[1]!, 'x');

    expect(await waited).toEqual([false, true]);
    expect(await waiter.wait(readable(pipes), long)).toEqual([false, true]);
  });

  it('waits no longer than it may', async () => {
    expect(await waiter.wait(readable(pipes), 1)).toEqual([false, false]);
  });

  it('ends its wait when it is stopped', async () => {
    const waited = waiter.wait(readable(pipes), long);
    waiter.stop();

    expect(await waited).toEqual([false, false]);
  });

  it('holds no program that ends', () => {
    const module = fileURLToPath(new URL('../../../agent/host/poll.ts', import.meta.url));
    const program = `
      import { openWaiter } from ${JSON.stringify(module)};
      void openWaiter().wait([], ${long});
      setTimeout(() => process.exit(), 50);
    `;
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      env: cleanEnvironment,
      timeout: 15_000,
    });
  });
});

const readable = (fds: readonly number[]) => fds.map((fd) => [fd, 'readable'] as const);

/** Both ends in one. */
function aPipe(): number {
  const path = join(aDirectory(), 'pipe');
  execFileSync('mkfifo', [path]);
  return openSync(path, constants.O_RDWR);
}
