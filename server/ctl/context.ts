import { createOutput, type Output } from './output.ts';
import { connect, type Remote } from './remote.ts';

/** What every command is given. */
export interface Context {
  readonly json: boolean;
  readonly out: Output;
  /** Looks for address and token when first asked: `proof verify --pub` needs neither. */
  readonly remote: Remote;
}

export interface CommonOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

export function createContext(options: CommonOptions): Context {
  let remote: Remote | undefined;
  return {
    json: options.json ?? false,
    out: createOutput(process.stdout),
    get remote() {
      remote ??= connect(options, process.env);
      return remote;
    },
  };
}
