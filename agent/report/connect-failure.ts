import { tlsSentence } from '../../shared/tls-failure.ts';
import type { ServerTrust } from './server-trust.ts';

/** Why there is no connection, in words for a person on call. `said`: who may have signed the server's certificate. */
export function connectFailure(cause: Error, url: string, said: ServerTrust['said']): string {
  const { host } = new URL(url);
  // An AggregateError of several addresses has an empty message of its own.
  const plain = cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
  return tlsSentence(cause as NodeJS.ErrnoException, { host, trusted: said }) ?? upgradeSentence(plain, host) ?? plain;
}

/** `ws` has no codes for an answer that is no upgrade. */
function upgradeSentence(message: string, host: string): string | undefined {
  const status = /^Unexpected server response: (\d{3})$/.exec(message)?.[1];
  if (status === '503') return undefined;
  if (status?.startsWith('3'))
    return `${host} sends us elsewhere (${status}), where no agent goes: name the server itself`;
  if (status !== undefined || noUpgrade.test(message)) {
    return `${host} answers as no pristine-server would (${message}): something else listens there, or a proxy on the way does not let WebSockets through`;
  }
  return undefined;
}

const noUpgrade =
  /^(?:Invalid Upgrade header|Invalid Sec-WebSocket-\w+ header|Server sent (?:no|an invalid) subprotocol)/;
