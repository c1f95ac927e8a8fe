import { type AuditEntry, type AuditHead, followChain, noHead } from '../../../shared/audit.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { Context } from '../context.ts';

interface ListOptions {
  readonly after?: unknown;
  readonly actor?: unknown;
  readonly what?: unknown;
}

export async function list({ remote, out, json }: Context, _args: readonly string[], options: ListOptions) {
  const { after, actor, what } = options;
  const page = await remote.list<AuditEntry>('audit', typeof after === 'number' ? { after } : {});
  const isWanted = (entry: AuditEntry) =>
    (actor === undefined || entry.actor === actor) &&
    (what === undefined || entry.what === what || entry.what.startsWith(`${what}.`));
  const items = page.items.filter(isWanted);
  if (json) return out.json({ ...page, items });
  out.table(
    ['N', 'AT', 'WHO', 'WHAT', 'ON', 'DETAILS'],
    items.map((entry) => [
      ...[entry.n, entry.at, entry.actor, entry.what],
      [entry.group, entry.instanceId, entry.replacementId].filter((part) => part !== null).join(' ') || null,
      JSON.stringify(entry.data),
    ]),
  );
}

/** The chain is computed here, from what the server says: not by the server. Errors: DIGEST where it is broken. */
export async function verify(
  { remote, out, json }: Context,
  _args: readonly string[],
  { head: known }: { readonly head?: unknown },
): Promise<void> {
  const expected = known === undefined ? undefined : headOf(String(known));
  const { items } = await remote.list<AuditEntry>('audit');
  const head = followChain(noHead, items);
  if ('wrong' in head) throw new CodedError('DIGEST', `the audit was tampered with: ${head.wrong}`);
  if (expected !== undefined) refuseOther(expected, items);
  if (json) return out.json({ entries: head.n, head });
  out.line(`${head.n} entries, none changed and none missing. To see later that none was cut off at the end, keep:`);
  out.line(`${head.n}:${head.hash}`);
}

function refuseOther(expected: AuditHead, items: readonly AuditEntry[]): void {
  if (expected.n === 0) return;
  const then = items[expected.n - 1];
  if (then?.hash === expected.hash) return;
  const why = then === undefined ? `it ends at ${items.length}` : `its hash is ${then.hash}`;
  throw new CodedError(
    'DIGEST',
    `the audit was tampered with: expected entry ${expected.n} with ${expected.hash}, and ${why}`,
  );
}

function headOf(text: string): AuditHead {
  const [, n, hash] = /^(\d{1,15}):(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
  if (n === undefined || hash === undefined) {
    throw new CodedError('USAGE', '--head: expected what an earlier `audit verify` printed last, such as 120:sha256:…');
  }
  return { n: Number(n), hash };
}
