import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from './operations.ts';

/** A process that does what it is told to. */
export interface Actor {
  readonly follow: (order: Order) => Promise<Answer>;
  readonly end: () => Promise<void>;
}

export function startActor(): Actor {
  const program = fileURLToPath(new URL('actor.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: Interface = createInterface({ input: child.stdout! });
  const ended = once(child, 'exit').then(([code, signal]) =>
    Promise.reject(new Error(`an actor ended: ${code ?? signal}`)),
  );
  ended.catch(() => undefined);
  return {
    follow: async (order) => {
      const answer = once(lines, 'line');
      child.stdin!.write(`${JSON.stringify(order)}\n`);
      const [line] = await Promise.race([answer, ended]);
      return JSON.parse(line);
    },
    end: async () => {
      child.stdin!.end();
      await ended.catch(() => undefined);
    },
  };
}
