import { createPrivateKey, createPublicKey } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { machineFiles } from '../../../agent/state/former-machine.ts';
import { differingParts, type MachinePart, machineOf, machineParts } from '../../../agent/state/machine.ts';
import { openStateDirectory } from '../../../agent/state/state-directory.ts';
import { aDirectory } from '../../support/directory.ts';

type Parts = Partial<Record<MachinePart, string>>;

const here: Parts = { 'machine-id': 'a', 'product-uuid': 'b', 'root-disk': 'c' };

let directory: string;
beforeEach(() => {
  directory = join(aDirectory(), 'state');
});

describe('a state directory', () => {
  it('stays what it is over a restart of its machine', async () => {
    const before = await start(here);

    expect(await start(here)).toEqual({ publicKey: before.publicKey, boot: 2, discarded: undefined });
  });

  it.each(machineParts)('is discarded on a machine with another %s', async (part) => {
    const before = await start({ ...here, [part]: 'was' });
    leaveTraces();

    const after = await start({ ...here, [part]: 'is' });

    expect(after).toEqual({ publicKey: expect.anything(), boot: 1, discarded: { differs: [part] } });
    expect(after.publicKey).not.toBe(before.publicKey);
    expect(tracesLeft()).toEqual([]);
    expect(await start({ ...here, [part]: 'is' })).toMatchObject({ boot: 2, discarded: undefined });
  });

  it('stays where a part cannot be read, or comes late, and learns it', async () => {
    const { publicKey } = await start({ 'machine-id': 'a' });

    for (const parts of [{}, here, { 'product-uuid': 'b' }, here])
      expect((await start(parts)).publicKey).toBe(publicKey);

    expect((await start({ 'root-disk': 'another' })).discarded).toEqual({ differs: ['root-disk'] });
  });

  it.each([
    ['nobody wrote down', () => rmSync(join(directory, 'machine.json'))],
    ['cannot be read any more', () => writeFileSync(join(directory, 'machine.json'), '{')],
  ])('is discarded where its machine %s', async (_what, spoil) => {
    const before = await start(here);
    spoil();

    const after = await start(here);

    expect(after.discarded).toEqual({ differs: [] });
    expect(after.publicKey).not.toBe(before.publicKey);
  });

  it('keeps rules, which are of the image and signed', async () => {
    await start(here);
    writeFileSync(join(directory, 'rules.dsse.json'), '{}');

    await start({ 'machine-id': 'another' });

    expect(readdirSync(directory)).toContain('rules.dsse.json');
  });

  it('is discarded in the end, wherever a start before was killed', async () => {
    await start(here);
    leaveTraces();
    const copy = join(aDirectory(), 'copy');
    cpSync(directory, copy, { recursive: true });
    for (let removed = 0; removed <= machineFiles.length; removed++) {
      rmSync(directory, { recursive: true });
      cpSync(copy, directory, { recursive: true });
      for (const name of machineFiles.slice(0, removed)) rmSync(join(directory, name), { recursive: true });

      const after = await start({ 'machine-id': 'another' });

      expect([after.boot, tracesLeft()]).toEqual([1, []]);
    }
  });

  it('says nothing of the machine to whoever reads it', async () => {
    await start({ 'machine-id': 'a-secret-of-this-machine' });

    expect(readFileSync(join(directory, 'machine.json'), 'utf8')).not.toContain('a-secret');
  });
});

describe('two machines', () => {
  it('are one where they have nothing in common to be told apart by', () => {
    expect(differingParts(machineOf({ 'machine-id': 'a' }), machineOf({ 'root-disk': 'a' }))).toEqual([]);
  });
});

async function start(parts: Parts) {
  const state = await openStateDirectory(directory, () => machineOf(parts));
  await state.close();
  const key = createPrivateKey(readFileSync(join(directory, 'identity.key'), 'utf8'));
  const { publicKey } = state.identity.prove('nonce');
  expect(createPublicKey(key).export({ type: 'spki', format: 'pem' })).toBe(publicKey);
  return { publicKey, boot: state.boot.current, discarded: state.discarded };
}

/** What an agent has there after a while. */
function leaveTraces(): void {
  for (const name of machineFiles) {
    if (name === 'spool') {
      mkdirSync(join(directory, name), { recursive: true });
      writeFileSync(join(directory, name, '1-1.json'), 'a trace');
    } else if (name !== 'identity.key' && name !== 'boot') writeFileSync(join(directory, name), 'a trace');
  }
}

function tracesLeft(): readonly string[] {
  return readdirSync(directory, { recursive: true })
    .map(String)
    .filter((name) => existsSync(join(directory, name)) && name.includes('.') && name !== 'lock')
    .filter((name) => readFileSync(join(directory, name), 'utf8') === 'a trace');
}
