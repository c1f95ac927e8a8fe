import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { aDirectory } from '../support/directory.ts';
import { bakeSigned, entryFile, keygen } from '../support/pristine-cli.ts';
import { until } from '../support/until.ts';

const ending: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

describe('an agent that runs', () => {
  it('has no child but its own sweep, which is given no environment', async () => {
    const agent = await anAgent();
    const commands = new Set<string>();
    const environments = new Set<string>();
    const look = () => {
      for (const pid of descendantsOf(agent)) {
        const [command, environment] = [textOf(`/proc/${pid}/cmdline`), textOf(`/proc/${pid}/environ`)];
        // Between fork and exec a child is still the agent, and one that has ended says nothing.
        if (!command || environment === undefined || command.includes('\0run\0')) continue;
        commands.add(command.split('\0').slice(0, 3).join(' '));
        environments.add(environment);
      }
      return commands.size > 0 && sweptTimes() >= 3;
    };

    await until(look);

    expect([...commands]).toEqual([`${process.execPath} ${entryFile} sweep`]);
    expect([...environments]).toEqual(['']);
  });
});

let directory: string;

async function anAgent(): Promise<number> {
  directory = aDirectory();
  const root = join(directory, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/file'), 'baked\n');
  const keys = await keygen(join(directory, 'image'));
  const manifest = join(directory, 'manifest');
  await bakeSigned({ root, out: manifest, key: keys.key });
  const settings = { root, manifest, pub: keys.pub, stateDir: join(directory, 'state'), sweepEvery: '1s' };
  writeFileSync(join(directory, 'agent.yaml'), JSON.stringify({ server: 'ws://127.0.0.1:9', ...settings }));
  const command = [entryFile, 'run', '--config', join(directory, 'agent.yaml')];
  const agent = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] });
  agent.stderr.on('data', (chunk: Buffer) => writeFileSync(join(directory, 'agent.log'), chunk, { flag: 'a' }));
  ending.push(() => agent.kill('SIGKILL'));
  return agent.pid!;
}

function sweptTimes(): number {
  return textOf(join(directory, 'agent.log'))?.split('"msg":"swept"').length ?? 0;
}

/** Of all its threads, and of their children. */
function descendantsOf(pid: number): readonly number[] {
  const threads = listOf(`/proc/${pid}/task`);
  const children = threads.flatMap((thread) =>
    (textOf(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter((child) => child !== ''),
  );
  return children.map(Number).flatMap((child) => [child, ...descendantsOf(child)]);
}

function listOf(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
