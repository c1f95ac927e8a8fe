import { describe, expect, it } from 'vitest';
import { openServiceManager, type ServiceManagerOptions } from '../../agent/service-manager.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const watched = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '300000000', WATCHDOG_PID: '7' };
const halfMs = 150_000;

describe('what the agent tells a service manager', () => {
  it('is nothing where nobody asks', () => {
    const { manager, said } = aManager({ env: { WATCHDOG_USEC: '300000000' } });

    manager.starting();
    manager.status('x');
    manager.beat();
    manager.stopping();

    expect(said).toEqual([]);
    expect(manager.beatEveryMs).toBeUndefined();
  });

  it('is READY with the first beat, and then WATCHDOG by half of the interval', () => {
    const { manager, said, clock } = aManager();

    manager.beat();
    clock.advance(15_000);
    manager.beat();
    clock.advance(halfMs - 15_000);
    manager.beat();

    expect(manager.beatEveryMs).toBe(halfMs);
    expect(said).toEqual(['READY=1\nWATCHDOG=1', 'WATCHDOG=1']);
  });

  it('is no WATCHDOG from a loop that has stopped turning, however long it is waited for', async () => {
    const { manager, said, clock } = aManager();
    manager.starting();
    manager.beat();
    said.length = 0;

    for (let n = 0; n < 100; n++) {
      clock.advance(halfMs);
      await Promise.resolve();
      manager.status(`line ${n}`);
    }

    expect(said.filter((text) => text.includes('WATCHDOG'))).toEqual([]);
  });

  it.each([
    ['of another process', { ...watched, WATCHDOG_PID: '8' }],
    ['that is none', { ...watched, WATCHDOG_USEC: '0' }],
    ['that is no number', { ...watched, WATCHDOG_USEC: '5min' }],
    ['that nobody asked for', { NOTIFY_SOCKET: '/run/systemd/notify' }],
  ])('counts no watchdog %s', (_which, env) => {
    const { manager, said } = aManager({ env });

    manager.beat();

    expect(manager.beatEveryMs).toBeUndefined();
    expect(said).toEqual(['READY=1']);
  });

  it('asks for time while a start takes long, up to a bound', async () => {
    const { manager, said, clock } = aManager({ limits: { extendEveryMs: 20, extendMs: 60, startMsMax: 100 } });

    manager.starting();
    for (let n = 0; n < 20; n++) {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(said).toEqual(Array(5).fill('EXTEND_TIMEOUT_USEC=60000'));
  });

  it('asks for no more time once it is ready', async () => {
    const { manager, said, clock } = aManager();
    manager.starting();
    manager.beat();

    clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));

    expect(said).toEqual(['EXTEND_TIMEOUT_USEC=60000000', 'READY=1\nWATCHDOG=1']);
  });

  it('says READY again with what is next where the manager did not take it', () => {
    let takes = false;
    const { manager, said } = aManager({ takes: () => takes });
    manager.beat();
    expect(said).toEqual([]);

    takes = true;
    manager.beat();

    expect(said).toEqual(['READY=1\nWATCHDOG=1']);
  });

  it('keeps a status to one line that is not without end', () => {
    const { manager, said } = aManager();

    manager.status(`in_sync\nWATCHDOG=trigger ${'x'.repeat(1_000)}`);

    expect(said[0]).toMatch(/^STATUS=in_sync WATCHDOG=trigger x+$/);
    expect(said[0]!.length).toBeLessThan(500);
  });

  it('is nothing of life once it stops', () => {
    const { manager, said, clock } = aManager();
    manager.beat();
    said.length = 0;

    manager.stopping();
    clock.advance(10 * halfMs);
    manager.beat();
    manager.stopping();

    expect(said).toEqual([expect.stringMatching(/^STOPPING=1\nSTATUS=stopping/)]);
  });
});

function aManager(overrides: Partial<ServiceManagerOptions> & { readonly takes?: () => boolean } = {}) {
  const { takes = () => true, ...options } = overrides;
  const clock = createFakeClock();
  const said: string[] = [];
  const send = (text: string) => {
    if (takes()) said.push(text);
    return takes();
  };
  const open = () => ({ send, close: () => undefined });
  return { manager: openServiceManager({ env: watched, pid: 7, clock, open, ...options }), said, clock };
}
