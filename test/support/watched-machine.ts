import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../shared/finding.ts';
import { type DebianOptions, debianRoot } from './debian-root.ts';
import { startGatewayDouble } from './gateway-double.ts';
import { bakeInto, installAgent, type LiveMachine, startMachine } from './live-machine.ts';
import type { Keys } from './pristine-cli.ts';
import type { Scratch } from './scratch.ts';
import { until } from './until.ts';

/** A live machine on which the agent watches with all that it has: marks of filesystems, and the kernel's word of each process. */
export interface WatchedMachine {
  readonly root: string;
  readonly machine: LiveMachine;
  /** Runs to its end, while others have their turn, and gives what it said. Throws that where it fails. */
  readonly run: (command: readonly string[], input?: string) => Promise<string>;
  /** All that was ever reported, by subject and name; of each the first. */
  readonly findings: () => ReadonlyMap<string, Finding>;
  /** The agent begins anew, as after an update of it, with other settings besides. */
  readonly restart: (settings?: object) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface WatchedMachineOptions {
  readonly place: Scratch;
  readonly keys: Keys;
  readonly debian?: DebianOptions;
  /** As `pristine.yaml` has them. */
  readonly rules?: string;
  /** Puts into the root what the image shall have. */
  readonly prepare?: (root: string) => void;
}

const node = '/usr/lib/pristine/bin/node';

/** Once the agent has swept and the server has its report. */
export async function startWatchedMachine(options: WatchedMachineOptions): Promise<WatchedMachine> {
  const { place, keys } = options;
  const root = join(place.dir, 'root');
  const layers = `lowerdir=${debianRoot(options.debian)},upperdir=${place.folder('upper')},workdir=${place.folder('work')}`;
  // Without these two an overlay cannot be marked.
  place.mount(['-t', 'overlay', '-o', `${layers},index=on,nfs_export=on`, 'overlay'], root);
  await installAgent(root, keys);
  options.prepare?.(root);
  const rules = join(place.dir, 'pristine.yaml');
  writeFileSync(rules, options.rules ?? 'rules: []\n');
  await bakeInto(place, keys, root, '/usr/lib/pristine/manifest', rules);
  const gateway = await startGatewayDouble();
  const machine = await startMachine(root, 'shared');
  writeFileSync(join(root, 'tmp/token'), 'token');
  const command = `exec ${node} /usr/lib/pristine/pristine.js run --config /tmp/agent.yaml 2>/tmp/agent.log`;
  const startAgent = async (settings: object = {}) => {
    const config = { server: gateway.url, joinTokenFile: '/tmp/token', ...settings };
    writeFileSync(join(root, 'tmp/agent.yaml'), JSON.stringify(config));
    const before = gateway.stored.length;
    const started = await machine.start(node, 'sh', '-c', command);
    await until(() => gateway.stored.slice(before).some(({ full }) => full));
    return started;
  };
  let agent = await startAgent();
  return {
    ...{ root, machine, run },
    findings: () => {
      const opened = gateway.stored.flatMap((report) => report.opened);
      return new Map(opened.toReversed().map((finding) => [`${finding.subject} ${finding.name}`, finding]));
    },
    restart: async (settings) => {
      await agent.stop();
      agent = await startAgent(settings);
    },
    stop: async () => {
      await agent.stop();
      machine.stop();
      await gateway.stop();
    },
  };
}

function run([file, ...args]: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, { stdio: 'pipe' });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(`exit ${code}: ${file} ${args.join(' ').slice(0, 500)}\n${said}`));
    });
    // Whoever ends before it has read all of it says so by its code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
