import { fork } from 'node:child_process';
import { join } from 'node:path';

/** A process of the bench's own that is told what to do, and answers. */
export interface Child<Command> {
  ask(command: Command): Promise<unknown>;
  kill(): void;
}

export function startChild<Command>(file: string): Child<Command> {
  const child = fork(join(import.meta.dirname, file), { serialization: 'advanced' });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let ids = 0;
  child.on('message', ({ id, result, error }: { id: number; result: unknown; error?: string }) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code ?? signal}`));
  });
  return {
    ask: (command) =>
      new Promise((resolve, reject) => {
        const id = ids++;
        waiting.set(id, { resolve, reject });
        child.send({ id, command } as { id: number });
      }),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** The other end, in the process itself. */
export function obeyParent<Command>(obey: (command: Command) => Promise<unknown>): void {
  process.on('message', ({ id, command }: { readonly id: number; readonly command: Command }) => {
    obey(command).then(
      (result) => process.send!({ id, result }),
      (error: unknown) => process.send!({ id, error: String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
}
