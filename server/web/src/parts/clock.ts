import { useSyncExternalStore } from 'react';
import { createSignal } from '../api/signal.ts';

const tickMs = 5_000;
const nowMs = createSignal(Date.now());
let followers = 0;
let ticker = 0;

/** The time, moving in steps, one ticker for the whole page however many ages are shown. */
export function useNow(): number {
  return useSyncExternalStore(follow, nowMs.get);
}

function follow(listener: () => void): () => void {
  const stop = nowMs.subscribe(listener);
  followers += 1;
  if (followers === 1) {
    nowMs.set(Date.now());
    ticker = window.setInterval(() => nowMs.set(Date.now()), tickMs);
  }
  return () => {
    stop();
    followers -= 1;
    if (followers === 0) window.clearInterval(ticker);
  };
}
