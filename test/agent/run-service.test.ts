import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Status } from '../../agent/status.ts';
import { aDirectory } from '../support/directory.ts';
import { type GatewayDouble, startGatewayDouble } from '../support/gateway-double.ts';
import { type NotifyReceiver, openNotifyReceiver } from '../support/notify-receiver.ts';
import { bakeSigned, entryFile, keygen } from '../support/pristine-cli.ts';
import { until } from '../support/until.ts';

let root: string;
let manifest: string;
let pub: string;
let directory: string;
let gateway: GatewayDouble;
let receiver: NotifyReceiver;
let agent: ChildProcess | undefined;

beforeAll(async () => {
  const place = aDirectory();
  [root, manifest] = [join(place, 'root'), join(place, 'manifest')];
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc/issue'), 'baked\n');
  const keys = await keygen(join(place, 'key'));
  pub = keys.pub;
  await bakeSigned({ root, out: manifest, key: keys.key });
});
beforeEach(async () => {
  directory = aDirectory();
  gateway = await startGatewayDouble();
});
afterEach(async () => {
  agent?.kill('SIGKILL');
  receiver?.close();
  await gateway.stop();
});

describe('pristine run as a service', { timeout: 30_000 }, () => {
  it.each([
    ['a path', () => join(directory, 'notify')],
    ['an abstract name', () => `@pristine-test-run-${process.pid}`],
  ])(
    'tells the manager at %s that it is ready, how it is, that it lives, and that it stops',
    async (_where, nameOf) => {
      start(nameOf());

      await until(() => said('READY=1') > 0);
      expect(status()?.watcher.state).not.toBe('off');
      await until(() =>
        /^STATUS=in_sync: 0 findings, 0 holes against web@1; swept .*inotify watching.*connected/m.test(all()),
      );
      await until(() => said('WATCHDOG=1') > 3);
      agent!.kill('SIGTERM');

      expect(await ended()).toBe(0);
      expect(said('READY=1')).toBe(1);
      expect(said('STOPPING=1')).toBe(1);
      expect(receiver.messages.at(-1)).toContain('STOPPING=1');
    },
  );

  it('says nothing of life while it is stopped, and goes on as if nothing had been', async () => {
    start(`@pristine-test-stop-${process.pid}`);
    await until(() => said('WATCHDOG=1') > 2);
    agent!.kill('SIGSTOP');
    await until(() => readFileSync(`/proc/${agent!.pid}/stat`, 'utf8').split(') ')[1]!.startsWith('T'));
    const before = said('WATCHDOG=1');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(said('WATCHDOG=1')).toBe(before);

    agent!.kill('SIGCONT');

    await until(() => said('WATCHDOG=1') > before + 2);
    expect(agent!.exitCode).toBeNull();
  });

  it('delivers at its end what the server has not acked yet', async () => {
    start(`@pristine-test-flush-${process.pid}`);
    await until(() => status()?.spool.reports === 0 && status()?.lastSweep != null && gateway.acked.length > 0);
    gateway.faults.dropAcks = true;
    const told = gateway.stored.length;
    writeFileSync(join(root, 'etc/issue'), 'changed\n');
    await until(() => gateway.stored.length > told);
    agent!.kill('SIGTERM');
    await until(() => said('STOPPING=1') === 1);
    const { boot, seq } = gateway.stored.at(-1)!;
    gateway.send(JSON.stringify({ type: 'ack', boot, seq }));

    expect(await ended()).toBe(0);
    expect(readdirSync(join(directory, 'state/spool'))).toEqual([]);
    writeFileSync(join(root, 'etc/issue'), 'baked\n');
  });

  it('does not wait for a server that never acks', async () => {
    gateway.faults.dropAcks = true;
    start(`@pristine-test-noack-${process.pid}`);
    await until(() => gateway.stored.length === 1);

    const begun = performance.now();
    agent!.kill('SIGTERM');

    expect(await ended()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(readdirSync(join(directory, 'state/spool'))).toHaveLength(1);
  });
});

function start(notify: string): void {
  receiver = openNotifyReceiver(notify);
  const settings = { server: gateway.url, root, manifest, pub, stateDir: join(directory, 'state') };
  const config = join(directory, 'agent.yaml');
  writeFileSync(config, JSON.stringify(settings));
  agent = spawn(process.execPath, [entryFile, 'run', '--config', config], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: { ...process.env, NOTIFY_SOCKET: notify, WATCHDOG_USEC: '200000' },
  });
}

function ended(): Promise<number | null> {
  if (agent!.exitCode !== null) return Promise.resolve(agent!.exitCode);
  return new Promise((resolve) => agent!.once('exit', resolve));
}

function all(): string {
  return receiver.messages.join('\n');
}

/** How often. */
function said(line: string): number {
  return all()
    .split('\n')
    .filter((one) => one === line).length;
}

function status(): Status | undefined {
  try {
    return Status.parse(JSON.parse(readFileSync(join(directory, 'state/status.json'), 'utf8')));
  } catch {
    return undefined;
  }
}
