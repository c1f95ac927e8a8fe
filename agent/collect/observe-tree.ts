import type { RawName } from '../../shared/name.ts';
import { type Observation, observePath, type ScanRoot, type Tally } from './observe.ts';
import type { ObserveReply, ObserverPool } from './observer-pool.ts';
import { takeTurn } from './pace.ts';
import type { Scope } from './scope.ts';
import { type PathBatch, walkTree } from './walk.ts';

/** Paths in order, each with what is there. */
export interface ObservedBatch {
  readonly paths: readonly RawName[];
  readonly observations: readonly Observation[];
  /** Of each path, where they are wanted; zeros where not all of it could be seen. */
  readonly stamps?: Uint32Array | undefined;
}

/**
 * So many batches may be on their way: enough for the other threads to go on while one reads a huge file, few enough that
 * memory does not grow with the tree.
 */
const batchesInFlightMax = 48;

/**
 * Walks a tree and observes it on the pool, in order, a bounded stretch ahead of whoever reads. Called first and read
 * later, it already lets the threads work.
 */
export function observeTree(pool: ObserverPool, root: ScanRoot, scope: Scope, tally: Tally) {
  const walk = walkTree(root, scope);
  const flying: { readonly batch: PathBatch; readonly reply: Promise<ObserveReply> }[] = [];
  const launch = () => {
    while (flying.length < batchesInFlightMax) {
      const { value, done } = walk.next();
      if (done) return;
      const reply = pool.observe(root, value.request);
      // Whoever reads awaits each reply in turn; one that fails earlier must not end the process as unhandled.
      reply.catch(() => undefined);
      flying.push({ batch: value, reply });
    }
  };
  launch();
  return (async function* (): AsyncGenerator<ObservedBatch> {
    for (let next = flying.shift(); next !== undefined; next = flying.shift()) {
      const [, lines, counts, stamps] = await next.reply;
      tally.filesHashed += counts.filesHashed;
      tally.bytesHashed += counts.bytesHashed;
      launch();
      // Comparing takes time too, of the thread that goes on from here.
      if (root.pace !== undefined) takeTurn(root.pace, 0);
      const observations = lines.split('\n');
      observations.pop();
      yield { paths: next.batch.paths, observations, stamps };
    }
  })();
}

/** The same for a small tree in this thread: what is at and beneath `start`, at most `pathsMax` paths; undefined past that. */
export function observeHere(
  root: ScanRoot,
  scope: Scope,
  start: RawName,
  pathsMax: number,
  tally: Tally,
): ReadonlyMap<RawName, Observation> | undefined {
  const found = new Map<RawName, Observation>();
  for (const { paths, request } of walkTree(root, scope, start)) {
    if (found.size + paths.length > pathsMax) return undefined;
    for (const item of request.split('\0')) {
      found.set(item.slice(1), observePath(root, item.slice(1), item[0] === 'f', tally));
    }
  }
  return found;
}
