import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianRoot } from '../support/debian-root.ts';
import { bakeInto, installAgent, type LiveMachine, startMachine } from '../support/live-machine.ts';
import { isRoot } from '../support/scratch.ts';
import { until } from '../support/until.ts';
import { aWorkbench } from '../support/workbench.ts';

const node = '/usr/lib/pristine/bin/node';
const state = 'var/lib/pristine';

/** Agents on machines that were copied from each other, as a person does who captures an image of a running instance. */
describe.skipIf(!isRoot)('a copy of a machine (needs root)', { timeout: 120_000 }, () => {
  const { place, keys } = aWorkbench();
  let image: string;
  const machines: LiveMachine[] = [];

  beforeAll(async () => {
    image = place.overlay(debianRoot(), 'image');
    await installAgent(image, keys);
    await bakeInto(place, keys, image, '/usr/lib/pristine/manifest');
    mkdirSync(join(image, 'etc/pristine'), { recursive: true });
    writeFileSync(join(image, 'etc/pristine/agent.yaml'), 'server: ws://127.0.0.1:9\nwatch: false\n');
  });
  afterAll(() => {
    for (const machine of machines) machine.stop();
  });

  const machineOn = async (root: string) => {
    const machine = await startMachine(root);
    machines.push(machine);
    /** From its start to its first status, and killed. */
    const runAgent = async () => {
      rmSync(join(root, state, 'status.json'), { force: true });
      const agent = await machine.start(
        node,
        ...[node, '/usr/lib/pristine/pristine.js'],
        'run',
        '--config',
        '/etc/pristine/agent.yaml',
      );
      await until(() => existsSync(join(root, state, 'status.json')));
      await agent.stop();
      const read = (name: string) => readFileSync(join(root, state, name), 'utf8');
      return { key: read('identity.key'), boot: Number(read('boot')) };
    };
    return { runAgent };
  };

  it('has another key than the machine it was copied from, which keeps its own over a restart', async () => {
    const original = place.overlay(image, 'original');
    writeFileSync(join(original, 'etc/machine-id'), `${'a'.repeat(32)}\n`);
    const first = await machineOn(original);
    const before = await first.runAgent();

    const captured = place.overlay(image, 'captured');
    cpSync(join(original, state), join(captured, state), { recursive: true });
    cpSync(join(original, 'etc/machine-id'), join(captured, 'etc/machine-id'));
    const copy = await (await machineOn(captured)).runAgent();

    expect(copy.key).not.toBe(before.key);
    expect(copy.boot).toBe(1);
    expect(await first.runAgent()).toEqual({ key: before.key, boot: 2 });
  });

  it('is none where a machine has only booted once more', async () => {
    const root = place.overlay(image, 'rebooted');
    const before = await (await machineOn(root)).runAgent();
    // The second boot of the machine: nothing of its processes and mounts is left of the first.
    machines.pop()?.stop();

    const after = await (await machineOn(root)).runAgent();

    expect(after).toEqual({ key: before.key, boot: 2 });
  });
});
