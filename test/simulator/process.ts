import type { KyselyPlugin, OperationNode, Transaction } from 'kysely';
import type { Provider } from '../../server/provider/provider.ts';
import type { Db } from '../../server/store/database.ts';
import { readLease } from '../../server/store/lease-store.ts';
import type { Tables } from '../../server/store/tables.ts';
import { dyingAt } from '../support/crash.ts';
import type { FakeClock } from '../support/fake-clock.ts';

/** What a server did, and who had the lease just then. */
export interface Act {
  readonly server: string;
  readonly what: string;
  readonly leader: string | null;
}

/** What a server has of the world; it can be killed, stopped for a while, and its store may fail. */
export interface SimulatedProcess {
  readonly server: string;
  readonly db: Db;
  readonly provider: Provider;
  isDead(): boolean;
  die(moments?: number): void;
  isPaused(): boolean;
  /** As by SIGSTOP: whatever it waits for comes when it goes on. */
  pause(ms: number): void;
}

interface World {
  readonly db: Db;
  readonly cloud: Provider;
  readonly clock: FakeClock;
  /** Asked at each query and each transaction. `after`: it is committed, and the answer was lost. */
  readonly storeFault: () => 'before' | 'after' | undefined;
  readonly note: (act: Act) => void;
}

export function aProcess(server: string, { db, cloud, clock, storeFault, note }: World): SimulatedProcess {
  const mortal = dyingAt(Number.POSITIVE_INFINITY, db, cloud, true);
  let paused: Promise<void> | undefined;
  const goOn = async (): Promise<void> => {
    while (paused !== undefined) await paused;
  };
  const act = async (what: string): Promise<void> => {
    if (!mortal.isDead()) note({ server, what, leader: (await readLease(db, 'scheduler')).holder });
  };

  const failing = (): void => {
    if (storeFault() === 'before') throw new Error('the store failed');
  };

  const transaction = () => ({
    async execute<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T> {
      await goOn();
      const fault = storeFault();
      if (fault === 'before') throw new Error('the store failed');
      let hasWritten = false;
      const noting = watching((node) => {
        hasWritten ||= isWrite(node);
      });
      const result = await mortal.db.transaction().execute((tx) => work(tx.withPlugin(noting)));
      if (hasWritten) await act('wrote');
      await goOn();
      if (fault === 'after') throw new Error('the answer of the store was lost');
      return result;
    },
  });
  const calling =
    <A extends unknown[], R>(what: string, call: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await act(`called ${what}`);
      await goOn();
      const result = await call(...given);
      await goOn();
      return result;
    };
  const { provider } = mortal;
  return {
    server,
    db: Object.defineProperty(mortal.db.withPlugin(watching(failing, goOn)), 'transaction', { value: transaction }),
    provider: {
      ...provider,
      list: async (group) => {
        await goOn();
        return provider.list(group);
      },
      preflight: async (group, image) => {
        await goOn();
        return provider.preflight(group, image);
      },
      launch: calling('launch', provider.launch),
      drain: calling('drain', provider.drain),
      restore: calling('restore', provider.restore),
      terminate: calling('terminate', provider.terminate),
      recover: calling('recover', provider.recover),
    },
    isDead: mortal.isDead,
    isPaused: () => paused !== undefined,
    die: mortal.die,
    pause(ms) {
      const over = clock.sleep(ms).then(() => {
        if (paused === over) paused = undefined;
      });
      paused = over;
    },
  };
}

function watching(see: (node: OperationNode) => void, before: () => Promise<void> = async () => {}): KyselyPlugin {
  return {
    transformQuery({ node }) {
      see(node);
      return node;
    },
    async transformResult({ result }) {
      await before();
      return result;
    },
  };
}

/** Of anything but the lease itself. */
function isWrite(node: OperationNode): boolean {
  if (node.kind === 'UpdateQueryNode') return !JSON.stringify((node as { table?: unknown }).table).includes('"lease"');
  return node.kind === 'InsertQueryNode' || node.kind === 'DeleteQueryNode';
}
