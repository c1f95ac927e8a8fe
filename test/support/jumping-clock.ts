import { readFileSync } from 'node:fs';

/**
 * `node --import jumping-clock.ts PROGRAM`: the wall clock of a whole process, ahead of the real one by the milliseconds in
 * the file that `TEST_CLOCK_FILE` names. What is monotonic goes on as it was, as with a clock that somebody sets.
 */
const file = process.env['TEST_CLOCK_FILE'];
const lookEveryMs = 50;
const RealDate = Date;
let aheadMs = 0;

function look(): void {
  try {
    aheadMs = Number(readFileSync(file!, 'utf8')) || 0;
  } catch {
    aheadMs = 0;
  }
}

const now = () => RealDate.now() + aheadMs;

if (file !== undefined) {
  look();
  setInterval(look, lookEveryMs).unref();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  });
}
