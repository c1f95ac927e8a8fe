import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namesIn } from '../../agent/collect/live/environment.ts';
import { changesUs } from '../../agent/own-environment.ts';
import { aDirectory } from '../support/directory.ts';
import { houseDir } from '../support/house.ts';

const entry = join(houseDir, 'agent/pristine.js');

describe('an environment that would change what the agent does', () => {
  it('is left behind, in the same process and with the same arguments', () => {
    const directory = aDirectory();
    const module = join(directory, 'told.cjs');
    writeFileSync(
      module,
      `process.on('exit', () => require('node:fs').writeSync(2, 'loaded ' + process.pid + '\\n'));`,
    );

    const { status, stdout, stderr } = run(['--version'], { NODE_OPTIONS: `--require=${module}`, LD_BIND_NOW: '1' });

    expect([status, stdout.trim()]).toEqual([0, '0.1.0']);
    expect(stderr).toContain('NODE_OPTIONS, LD_BIND_NOW of the environment');
    expect(stderr).not.toContain('loaded');
  });

  it('is no reason to begin anew where it says nothing of the kind', () => {
    expect(run(['--version'], { NODE_ENV: 'production', NODE_VERSION: '24', PATH: '/bin' }).stderr).toBe('');
  });

  it('is refused where it cannot be left behind', () => {
    const { status, stderr } = run(['--version'], { NODE_PATH: '/x', PRISTINE_TOOK_OUT: 'NODE_PATH' });

    expect([status, stderr]).toEqual([2, expect.stringContaining('CONFIG')]);
  });
});

describe('the variables of a process', () => {
  it('are those it still has and those that were taken out, and no others', () => {
    expect(namesIn('PATH=/bin\0LD_PRELOAD=/x.so\0PRISTINE_TOOK_OUT=NODE_OPTIONS PATH\0')).toEqual([
      'LD_PRELOAD',
      'NODE_OPTIONS',
    ]);
  });

  it.each(['NODE_ENV', 'NODE_VERSION', 'OLD_NAME', 'npm_config_node_options', 'NOTIFY_SOCKET'])(
    '%s is none',
    (name) => {
      expect(changesUs(name)).toBe(false);
    },
  );
});

function run(args: readonly string[], env: NodeJS.ProcessEnv) {
  return spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8', env });
}
