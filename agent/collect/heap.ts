import { setFlagsFromString } from 'node:v8';

/**
 * For a process that streams a large tree through itself, or that mostly waits: garbage is collected early instead of
 * letting the heap grow with all that has passed. Left alone, V8 takes three times the memory for a large tree, and five
 * of the eighty megabytes of an idle agent, for speed that neither feels. Both are heuristics that V8 reads at each
 * collection, so they may be set while it runs; threads started later share them. Whoever is in a hurry does not set them
 * before everything is loaded: code that was compiled beforehand is refused under other flags.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=10');
}

/**
 * For a process that mostly waits: its functions are never worth the memory of their optimised code, which is 8 MiB of the
 * 84 that an idle agent would take on a Debian root.
 */
export function keepCodeSmall(): void {
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
}
