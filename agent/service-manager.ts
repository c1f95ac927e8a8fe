import type { Clock } from '../shared/clock.ts';
import { openNotifySocket } from './host/notify-socket.ts';

/** What the agent tells whoever started it, by the protocol of sd_notify(3). Says nothing where nobody asked for it. */
export interface ServiceManager {
  /** How often `beat` must be called at least; undefined where nobody counts. */
  readonly beatEveryMs: number | undefined;
  /** A start that is under way asks for time, up to a bound. */
  starting(): void;
  /** One turn of the agent's own loop is done: the first means that it is ready, each that it is alive. */
  beat(): void;
  /** In one line, for whoever reads `systemctl status` at night. */
  status(line: string): void;
  stopping(): void;
  close(): void;
}

export interface ServiceManagerLimits {
  /** A start asks for more time so often, */
  readonly extendEveryMs: number;
  /** for so much more each time, */
  readonly extendMs: number;
  /** and no longer than this: a start that hangs while its event loop turns is ended by the manager too. */
  readonly startMsMax: number;
}

const serviceManagerLimits: ServiceManagerLimits = { extendEveryMs: 20_000, extendMs: 60_000, startMsMax: 15 * 60_000 };

const lineCharsMax = 400;

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly clock: Clock;
  readonly limits?: Partial<ServiceManagerLimits>;
  readonly open?: typeof openNotifySocket;
}

/**
 * Speaks to the socket that the environment names. Nothing here has a timer that tells of life: WATCHDOG=1 goes out with a
 * beat and at no other time, so that a loop that is stuck, in a call or on a promise, is silent and is ended. How long a
 * beat was late is for the manager to judge, whose clock stands still with ours: a process that was stopped for a while
 * (SIGSTOP, a sleeping machine) beats at once when it goes on.
 */
export function openServiceManager(options: ServiceManagerOptions): ServiceManager {
  const { env, pid, clock, open = openNotifySocket } = options;
  const limits = { ...serviceManagerLimits, ...options.limits };
  const name = env['NOTIFY_SOCKET'];
  const socket = name === undefined ? undefined : open(name);
  const beatEveryMs = socket === undefined ? undefined : beatEveryMsOf(env, pid);
  /** What was not taken is said again with what is next: a READY=1 that is lost would end the agent. */
  const owed = new Map<string, string>();
  const started = new AbortController();
  let isReady = false;
  let isStopping = false;
  let beatDueAt = Number.NEGATIVE_INFINITY;

  const say = (said: Readonly<Record<string, string>>) => {
    for (const [key, value] of Object.entries(said)) owed.set(key, value);
    const lines = [...owed].map(([key, value]) => `${key}=${value}`);
    if (socket?.send(lines.join('\n')) === true) owed.clear();
  };
  const extend = async () => {
    const begunAt = clock.monotonic();
    const said = { EXTEND_TIMEOUT_USEC: String(limits.extendMs * 1_000) };
    while (!started.signal.aborted && clock.monotonic() - begunAt < limits.startMsMax) {
      say(said);
      await clock.sleep(limits.extendEveryMs, started.signal).catch(() => undefined);
    }
  };

  return {
    beatEveryMs,
    starting() {
      if (socket !== undefined) void extend();
    },
    beat() {
      if (socket === undefined || isStopping) return;
      const now = clock.monotonic();
      const isDue = beatEveryMs !== undefined && now >= beatDueAt;
      if (isReady && !isDue && owed.size === 0) return;
      started.abort();
      owed.delete('EXTEND_TIMEOUT_USEC');
      // A little early rather than late: the loop comes by when it comes by.
      if (isDue) beatDueAt = now + beatEveryMs / 2;
      say({ ...(isReady ? {} : { READY: '1' }), ...(isDue ? { WATCHDOG: '1' } : {}) });
      isReady = true;
    },
    status(line) {
      // One line: a second would be another message to the manager.
      if (socket !== undefined) say({ STATUS: line.replace(/[\p{Cc}\u2028\u2029]/gu, ' ').slice(0, lineCharsMax) });
    },
    stopping() {
      if (socket === undefined || isStopping) return;
      isStopping = true;
      started.abort();
      owed.clear();
      say({ STOPPING: '1', STATUS: 'stopping: what is not delivered yet is being delivered' });
    },
    close() {
      started.abort();
      socket?.close();
    },
  };
}

/** Half of what the manager waits (sd_watchdog_enabled(3)), where it is us that it waits for. */
function beatEveryMsOf(env: ServiceManagerOptions['env'], pid: number): number | undefined {
  const usec = env['WATCHDOG_USEC'] ?? '';
  const of = env['WATCHDOG_PID'];
  if (!/^[1-9]\d{0,15}$/.test(usec) || (of !== undefined && of !== String(pid))) return undefined;
  return Math.max(1, Number(usec) / 2_000);
}
