import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BootFacts } from '../../../agent/settle/settled.ts';
import { openSettling } from '../../../agent/settle/settling.ts';
import { aDirectory } from '../../support/directory.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

const minute = 60_000;

let stateDir: string;
let boot: BootFacts;
let said: string[];
const clock = createFakeClock();
const pins = () => join(stateDir, 'pins.json');
const record = () => join(stateDir, 'settled.json');
const open = (isLive = true) =>
  openSettling({
    stateDir,
    isLive,
    readBoot: () => boot,
    clock,
    log: pino({ level: 'warn' }, { write: (line) => void said.push(JSON.parse(line).msg) }),
  });

beforeEach(() => {
  stateDir = aDirectory();
  boot = { kernelBoot: 'a', uptimeMs: 5 * minute, bornMs: 0, cloudInit: 'absent' };
  said = [];
});

describe('an agent that waits for boot to settle', () => {
  it('uses no pins before, makes them after, and misses them from then on', async () => {
    const settling = await open();
    expect([await settling.look(), settling.settled, settling.pinning]).toEqual([false, null, undefined]);

    boot = { ...boot, uptimeMs: 10 * minute };
    expect([await settling.look(), await settling.look()]).toEqual([true, false]);
    expect(settling.settled).toMatchObject({ by: 'time' });
    expect(settling.pinning).toEqual({ file: pins(), makes: true });

    await settling.swept();
    expect(settling.pinning).toMatchObject({ makes: true });
    writeFileSync(pins(), '');
    await settling.swept();
    expect(settling.pinning).toMatchObject({ makes: false });
    rmSync(pins());
    expect((await open()).pinning).toMatchObject({ makes: false });
  });

  it('stays settled over a restart and a boot', async () => {
    boot = { ...boot, uptimeMs: 10 * minute };
    const first = await open();
    await first.look();
    const { settled } = first;

    boot = { ...boot, kernelBoot: 'b', uptimeMs: 1 };
    const second = await open();

    expect(second.settled).toEqual(settled);
    expect(await second.look()).toBe(false);
  });

  it('counts from its first start where the root is not the live one, over restarts', async () => {
    boot = { ...boot, uptimeMs: 500 * minute };
    expect(await (await open(false)).look()).toBe(false);

    boot = { ...boot, uptimeMs: 510 * minute };
    expect(await (await open(false)).look()).toBe(true);
  });

  it('is moved by no clock that somebody sets', async () => {
    const settling = await open();

    clock.advance(1_000 * minute);

    expect(await settling.look()).toBe(false);
  });

  it('says that cloud-init never ended', async () => {
    boot = { ...boot, uptimeMs: 60 * minute, cloudInit: 'running' };

    const settling = await open();
    await settling.look();

    expect(settling.settled).toMatchObject({ by: 'late' });
    expect(said).toEqual(['boot has settled, and cloud-init has not said that it is done']);
  });

  it.each([
    ['cut off', '{"schema":"pristine.settled/1"'],
    ['of another kind', '{"schema":"pristine.settled/2"}'],
    ['empty', ''],
  ])('begins anew with a record that is %s, and still misses the pins it made', async (_what, text) => {
    writeFileSync(record(), text);
    expect((await open()).pinning).toBeUndefined();

    writeFileSync(record(), text);
    writeFileSync(pins(), '');
    expect((await open()).pinning).toMatchObject({ makes: false });
    expect(JSON.parse(readFileSync(record(), 'utf8'))).toMatchObject({ settled: null, pinned: true });
  });
});
