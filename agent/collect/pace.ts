import type { Clock } from '../../shared/clock.ts';
import { parseAmount } from '../amount.ts';

/** How fast a scan may go. */
export interface PaceLimits {
  /** Of file contents that are read. */
  readonly bytesPerSecondMax?: number | undefined;
  /** CPU time of the whole process in that of one core: 0.25 is a quarter of a core, as `CPUQuota=25%` of systemd counts. */
  readonly cpuShareMax?: number | undefined;
}

/** The limits, and what all threads of the process share to keep them together. */
export interface Pace extends PaceLimits {
  /** Microseconds: from when on bytes may be read, from when on CPU may be used, and the CPU time that was counted. */
  readonly shared: BigInt64Array;
}

const [bytesFrom, cpuFrom, cpuCounted] = [0, 1, 2] as const;

/** What was not used is saved up for so long and no longer: after an idle minute nothing comes in one burst. */
const burstUs = 100_000;

/** Counts the CPU time of the process from its start. */
export function openPace(limits: PaceLimits): Pace {
  return { ...limits, shared: new BigInt64Array(new SharedArrayBuffer(24)) };
}

/**
 * Blocks this thread until it may read so many bytes more, and as long as the process has used more CPU than its share.
 * Not later than that `stop` is set and notified. The event loop stands still meanwhile, also that of the main thread:
 * whoever goes slowly has nothing to hurry for.
 */
export function takeTurn(pace: Pace, bytes: number, stop: Int32Array = neverStopped): void {
  const { shared, bytesPerSecondMax, cpuShareMax } = pace;
  let from = 0;
  if (bytesPerSecondMax !== undefined && bytes > 0) {
    const costUs = (bytes * 1_000_000) / bytesPerSecondMax;
    const until = book(shared, bytesFrom, costUs);
    from = until - costUs;
  }
  if (cpuShareMax !== undefined) from = Math.max(from, bookCpu(shared, cpuShareMax));
  for (let left = from - nowUs(); left > 0 && stop[0] === 0; left = from - nowUs()) {
    Atomics.wait(stop, 0, 0, left / 1_000);
  }
}

const neverStopped = new Int32Array(new SharedArrayBuffer(4));

/** Monotonic, and the same in all threads: `performance.now()` begins anew in each. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Whoever sees CPU time that nobody has counted yet counts it, whichever thread used it. */
function bookCpu(shared: BigInt64Array, share: number): number {
  const { user, system } = process.cpuUsage();
  const used = BigInt(user + system);
  for (;;) {
    const counted = Atomics.load(shared, cpuCounted);
    if (used <= counted) return Number(Atomics.load(shared, cpuFrom));
    if (Atomics.compareExchange(shared, cpuCounted, counted, used) === counted) {
      return book(shared, cpuFrom, Number(used - counted) / share);
    }
  }
}

/** Puts a cost behind those that are booked already, and gives where it ends. */
function book(shared: BigInt64Array, place: number, costUs: number): number {
  for (;;) {
    const before = Atomics.load(shared, place);
    const until = endOfCost(Number(before), nowUs(), costUs);
    if (Atomics.compareExchange(shared, place, before, BigInt(Math.ceil(until))) === before) return until;
  }
}

/** In microseconds. Pure. */
export function endOfCost(from: number, now: number, costUs: number): number {
  return Math.max(from, now - burstUs) + costUs;
}

/**
 * The same for whoever must not block its thread: waits until so many more bytes may have been read and the CPU time since the
 * last turn is within its share. Without limits it lets others work, and goes on. Rejects with the reason of the signal.
 */
export function openTurns(
  limits: PaceLimits | undefined,
  clock: Clock,
  signal: AbortSignal,
): (bytes: number) => Promise<void> {
  let from = clock.monotonic();
  let cpu = process.cpuUsage();
  return async (bytes) => {
    const { user, system } = process.cpuUsage(cpu);
    const byCpu = limits?.cpuShareMax === undefined ? 0 : (user + system) / 1_000 / limits.cpuShareMax;
    const byBytes = limits?.bytesPerSecondMax === undefined ? 0 : (bytes * 1_000) / limits.bytesPerSecondMax;
    const ms = from + Math.max(byCpu, byBytes) - clock.monotonic();
    signal.throwIfAborted();
    // A timer waits a millisecond at least.
    await (ms > 0 ? clock.sleep(ms, signal) : new Promise((resolve) => setImmediate(resolve)));
    from = clock.monotonic();
    cpu = process.cpuUsage();
  };
}

/** So much at a time that a slow pace is a steady one. */
export function stepBytes({ bytesPerSecondMax }: PaceLimits, bytesMax: number): number {
  if (bytesPerSecondMax === undefined) return bytesMax;
  return Math.max(stepBytesMin, Math.min(bytesMax, Math.floor(bytesPerSecondMax / 10)));
}

const stepBytesMin = 4_096;

/** Of texts that were checked before; anything else is no limit. */
export function paceLimitsOf(bytesPerSecond = 'none', cpuShare = 'none'): PaceLimits | undefined {
  const limits = { bytesPerSecondMax: parseBytesPerSecond(bytesPerSecond), cpuShareMax: parseCpuShare(cpuShare) };
  return limits.bytesPerSecondMax === undefined && limits.cpuShareMax === undefined ? undefined : limits;
}

export const expectedRate = 'expected bytes a second such as 50M (K, M, G are powers of 1,000), at least 64K';
export const expectedShare = 'expected a share of one core such as 25%, at least 1%';

/** `50M`, or `500000`; undefined for anything else and below 64 KB, which no sweep would end with. */
export function parseBytesPerSecond(text: string): number | undefined {
  return parseAmount(text, { atLeast: 64_000, atMost: 1e15 });
}

/** `25%` of one core, and more than 100 % for several; undefined for anything else and below 1 %. */
export function parseCpuShare(text: string): number | undefined {
  const percent = Number(/^(\d{1,6})%$/.exec(text)?.[1] ?? 0);
  return percent >= 1 ? percent / 100 : undefined;
}
