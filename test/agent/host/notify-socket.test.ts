import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type NotifySocket, openNotifySocket } from '../../../agent/host/notify-socket.ts';
import { aDirectory } from '../../support/directory.ts';
import { type NotifyReceiver, openNotifyReceiver } from '../../support/notify-receiver.ts';

let receiver: NotifyReceiver | undefined;
let socket: NotifySocket | undefined;
afterEach(() => {
  receiver?.close();
  socket?.close();
  receiver = undefined;
});

describe('the socket of a service manager', () => {
  it.each([
    ['at a path', () => join(aDirectory(), 'notify')],
    ['at a path as long as one can be', () => `${aDirectory()}/`.padEnd(107, 'n')],
    ['at an abstract name', () => `@pristine-test-${process.pid}`],
  ])('%s takes a message as it is', (_where, nameOf) => {
    const name = nameOf();
    receiver = openNotifyReceiver(name);
    socket = openNotifySocket(name);

    expect(socket!.send('READY=1\nSTATUS=grün')).toBe(true);

    expect(receiver.messages).toEqual(['READY=1\nSTATUS=grün']);
  });

  it.each(['', '@', '/', 'run/notify', 'vsock:2:1234', `/${'n'.repeat(107)}`])('is none for the name "%s"', (name) => {
    expect(openNotifySocket(name)).toBeUndefined();
  });

  it('says that nobody was there, and takes what comes once somebody is', () => {
    const path = join(aDirectory(), 'notify');
    socket = openNotifySocket(path);
    expect(socket!.send('READY=1')).toBe(false);

    receiver = openNotifyReceiver(path);

    expect(socket!.send('READY=1')).toBe(true);
    receiver.close();
    rmSync(path);
    expect(socket!.send('READY=1')).toBe(false);
  });

  it('never waits for one that does not read', () => {
    const name = `@pristine-test-full-${process.pid}`;
    receiver = openNotifyReceiver(name);
    socket = openNotifySocket(name);

    let taken = 0;
    while (taken < 100_000 && socket!.send('WATCHDOG=1')) taken++;

    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(100_000);
  });
});
