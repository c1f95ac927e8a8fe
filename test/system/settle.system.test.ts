import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createToken } from '../../server/store/token-store.ts';
import type { ReportMessage } from '../../shared/protocol.ts';
import { debianRoot } from '../support/debian-root.ts';
import { type GatewayDouble, startGatewayDouble } from '../support/gateway-double.ts';
import { aGatewayHouse } from '../support/gateway-house.ts';
import { bakeSigned, brief, entryFile, keygen, pristine, verify } from '../support/pristine-cli.ts';
import { scratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { aWorkbench } from '../support/workbench.ts';

const hostKey = 'etc/ssh/ssh_host_ed25519_key';
const asFile = 'content,gid,mode,size,type,uid';

describe('the agent on a Debian that boots for the first time', () => {
  const { place, keys } = aWorkbench();
  let image: string;
  let manifest: string;
  let root: string;
  let state: string;
  let gateway: GatewayDouble;
  let agent: ChildProcess | undefined;
  let rounds = 0;

  beforeAll(async () => {
    image = place.overlay(debianRoot(), 'image');
    put(image, 'usr/bin/cloud-init', '#!/bin/sh\n', 0o755);
    mkdirSync(join(image, 'etc/ssh'), { recursive: true });
    put(image, 'etc/machine-id', '', 0o444);
    manifest = join(place.dir, 'manifest');
    await bakeSigned({ root: image, out: manifest, key: keys.key });
  });

  beforeEach(async () => {
    rounds += 1;
    root = place.overlay(image, `root-${rounds}`);
    state = join(place.dir, `state-${rounds}`);
    gateway = await startGatewayDouble();
    const settings = { server: gateway.url, root, manifest, pub: keys.pub, stateDir: state };
    writeFileSync(join(place.dir, 'agent.yaml'), JSON.stringify(settings));
    await start();
  });
  afterEach(async () => {
    await kill();
    await gateway.stop();
  });

  async function start(): Promise<void> {
    const before = gateway.stored.length;
    const log = openSync(join(place.dir, 'agent.log'), 'a');
    const args = [entryFile, 'run', '--config', join(place.dir, 'agent.yaml')];
    agent = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', log] });
    await until(() => gateway.stored.length > before && status()?.watcher.state === 'watching');
  }

  /** As when its power goes. */
  async function kill(): Promise<void> {
    if (agent === undefined) return;
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    agent = undefined;
    rmSync(join(state, 'status.json'), { force: true });
  }

  async function boot(): Promise<void> {
    put(root, 'run/cloud-init/result.json', '{}');
    await kill();
    await start();
    expect(status()?.settled?.by).toBe('cloud-init');
  }

  async function sweep(): Promise<ReportMessage> {
    const before = gateway.stored.length;
    gateway.send(JSON.stringify({ type: 'scan', reason: 'requested' }));
    await until(() => gateway.stored.slice(before).some(({ full }) => full));
    return gateway.stored.at(-1)!;
  }

  function status() {
    try {
      return JSON.parse(readFileSync(join(state, 'status.json'), 'utf8'));
    } catch {
      return undefined;
    }
  }

  const firstBoot = () => {
    put(root, hostKey, 'secret one', 0o600);
    put(root, 'etc/machine-id', '0123456789abcdef0123456789abcdef\n', 0o444);
  };
  const told = (report: ReportMessage) =>
    report.opened.map(({ change, name, attributes, severity, rule }) => [
      change,
      name,
      attributes.join(),
      severity,
      rule,
    ]);

  it('lets it write its host keys, and from then on sees one that is swapped', async () => {
    firstBoot();
    put(root, hostKey, 'secret two', 0o600);
    expect(told(await sweep())).toEqual([]);
    expect(status().settled).toBeNull();
    await boot();

    const before = gateway.stored.length;
    put(root, hostKey, 'secret ten', 0o600);
    await until(() => gateway.stored.length > before);
    const found = gateway.stored.at(-1)!;

    expect(found.full).toBe(false);
    expect(told(found)).toEqual([['modified', `/${hostKey}`, 'content', 'medium', '/etc/ssh/ssh_host_*']]);
    expect(told(await sweep())).toEqual(told(found));

    put(root, hostKey, 'secret two', 0o600);
    await until(() => gateway.stored.at(-1)!.cleared.length === 1);
    expect(gateway.stored.at(-1)!.cleared).toEqual([found.opened[0]!.fingerprint]);
    expect(told(await sweep())).toEqual([]);
  });

  it('goes on to let it change what lives, over a restart too, and finds a host key that comes late', async () => {
    firstBoot();
    await boot();
    for (const name of ['resolv.conf', 'hosts', 'adjtime', 'ld.so.cache']) {
      writeFileSync(join(root, 'etc', name), 'written later');
    }
    expect(told(await sweep())).toEqual([]);
    await kill();
    put(root, 'etc/ssh/ssh_host_rsa_key', 'late', 0o600);

    await start();

    const late = ['added', '/etc/ssh/ssh_host_rsa_key', asFile, 'medium', '/etc/ssh/ssh_host_*'];
    expect(told(gateway.stored.at(-1)!)).toEqual([late]);
    const { report } = await verify({ root, manifest, pub: keys.pub });
    const pinned = await verify({ root, manifest, pub: keys.pub, pins: join(state, 'pins.json') });
    expect([report.findings, brief(pinned.report)]).toEqual([[], [`added file ${late[1]} [${asFile}] medium`]]);
  });

  it('is unverifiable when its pins are gone, and pins nothing anew', async () => {
    firstBoot();
    await boot();
    await kill();
    rmSync(join(state, 'pins.json'));
    put(root, hostKey, 'secret two', 0o600);

    await start();

    const hole = { subject: 'manifest', name: join(state, 'pins.json'), reason: 'unreadable' };
    expect(gateway.stored.at(-1)!.coverage.holes).toEqual([hole]);
    expect(status()).toMatchObject({ verdict: 'unverifiable', settled: { by: 'cloud-init' } });
  });
});

describe('two instances of one Debian', () => {
  it('drift both by an equal machine-id, until one has another, and never by what was baked', async () => {
    const place = scratch();
    const keys = await keygen(join(place.dir, 'k'));
    const image = place.overlay(debianRoot(), 'image');
    put(image, 'etc/machine-id', '', 0o444);
    put(image, 'etc/ssh/ssh_host_rsa_key.pub', 'ssh-rsa baked into all of them', 0o644);
    put(image, 'run/cloud-init/result.json', '{}');
    const manifest = join(place.dir, 'manifest');
    await bakeSigned({ root: image, out: manifest, key: keys.key });
    const { image: baked } = (await verify({ root: image, manifest, pub: keys.pub })).report;
    const house = await aGatewayHouse();
    const origin = { group: 'web', imageDigest: baked!.digest, labels: {}, usesMax: 2, expiresInMs: 3_600_000 };
    const { token } = await createToken(house.db, origin, Date.now());
    writeFileSync(join(place.dir, 'token'), token, { mode: 0o600 });
    const idOf = (root: string, text: string) => put(root, 'etc/machine-id', `${text.repeat(32)}\n`, 0o444);
    const run = async (name: string, root: string) => {
      const config = join(place.dir, `${name}.yaml`);
      const [server] = house.url.split('/agent/');
      const settings = { server, root, manifest, pub: keys.pub, stateDir: join(place.dir, name), watch: false };
      writeFileSync(config, JSON.stringify({ ...settings, joinTokenFile: join(place.dir, 'token') }));
      return (await pristine(['run', '--config', config, '--once'])).code;
    };
    const state = async () => {
      const instances = await house.db.selectFrom('instance').select(['id', 'verdict', 'taint_at']).execute();
      const open = house.db.selectFrom('finding').select(['rule']).where('closed_at', 'is', null);
      return { instances: instances.map(({ verdict, taint_at }) => [verdict, taint_at]), open: await open.execute() };
    };
    const roots = ['one', 'two'].map((name) => place.overlay(image, name));
    for (const root of roots) idOf(root, 'a');

    expect([await run('a', roots[0]!), await run('b', roots[1]!)]).toEqual([0, 0]);
    const shared = { rule: 'guard identity' };
    expect(await state()).toEqual({
      instances: [
        ['drifted', null],
        ['drifted', null],
      ],
      open: [shared, shared],
    });

    idOf(roots[1]!, 'b');
    // What its agent pinned has changed: that is a drift of its own, and taints.
    expect(await run('b', roots[1]!)).toBe(1);
    expect(await state()).toEqual({
      instances: [
        ['in_sync', null],
        ['drifted', expect.any(String)],
      ],
      open: [{ rule: '/etc/machine-id' }],
    });
    await house.close();
    place.remove();
  });
});

function put(root: string, name: string, text: string, mode = 0o644): void {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
}
