import { startChild } from './child.ts';

export type FleetCommand =
  | {
      readonly do: 'connect';
      readonly url: string;
      readonly joinToken: string;
      /** A file with who signed the certificate of the server. */
      readonly ca?: string;
      readonly count: number;
    }
  | { readonly do: 'sweeps' | 'checks'; readonly seconds: number }
  | { readonly do: 'pace'; readonly perSecond: number }
  | { readonly do: 'big-sweep'; readonly findings: number }
  | { readonly do: 'end-pace' | 'state' | 'forget-ends' };

export interface FleetState {
  readonly connected: number;
  /** Sum of the seqs that were acked. */
  readonly acked: number;
  readonly ends: Readonly<Record<string, number>>;
}

/** Processes of simulated agents. */
export interface Fleet {
  /** Of each process, in order. */
  tell(command: FleetCommand): Promise<unknown[]>;
  tellOne(index: number, command: FleetCommand): Promise<unknown>;
  state(): Promise<FleetState>;
  end(): void;
}

export function startFleet(processes: number): Fleet {
  const children = Array.from({ length: processes }, () => startChild<FleetCommand>('fleet-process.ts'));
  return {
    tell: (command) => Promise.all(children.map((child) => child.ask(command))),
    tellOne: (index, command) => children[index]!.ask(command),
    async state() {
      const states = (await Promise.all(children.map((child) => child.ask({ do: 'state' })))) as FleetState[];
      const ends: Record<string, number> = {};
      for (const [why, count] of states.flatMap((state) => Object.entries(state.ends)))
        ends[why] = (ends[why] ?? 0) + count;
      const sum = (of: 'connected' | 'acked') => states.reduce((total, state) => total + state[of], 0);
      return { connected: sum('connected'), acked: sum('acked'), ends };
    },
    end: () => {
      for (const child of children) child.kill();
    },
  };
}
