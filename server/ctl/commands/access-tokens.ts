import type { AccessToken, NewAccessToken } from '../../../shared/api-access.ts';
import type { Context } from '../context.ts';
import { wantedId } from '../wanted-id.ts';

interface CreateOptions {
  readonly role?: unknown;
  readonly expiresIn?: unknown;
}

/** Without --json standard output is the token alone, so that it can go into a file. */
export async function create(
  { remote, out, json }: Context,
  [name = '']: readonly string[],
  { role, expiresIn }: CreateOptions,
): Promise<void> {
  const token = await remote.post<NewAccessToken>('access-tokens', { name, role, expiresIn });
  if (json) return out.json(token);
  out.line(token.token);
  const until = token.expiresAt === null ? 'it is revoked' : token.expiresAt;
  process.stderr.write(`access token ${token.id}: ${token.role}, until ${until}; shown this once\n`);
}

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<AccessToken>('access-tokens');
  if (json) return out.json(page);
  out.table(
    ['ID', 'NAME', 'ROLE', 'CREATED', 'BY', 'EXPIRES', 'LAST USED', 'REVOKED'],
    page.items.map((one) => [
      ...[one.id, one.name, one.role, one.createdAt, one.createdBy, one.expiresAt, one.lastUsedAt],
      one.revokedAt === null ? null : `${one.revokedAt} by ${one.revokedBy}`,
    ]),
  );
}

export async function revoke({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> {
  const all = async () => (await remote.list<AccessToken>('access-tokens')).items;
  const called = async () => (await all()).map(({ id, name, revokedAt }) => ({ id, name, isPast: revokedAt !== null }));
  const id = await wantedId(wanted, 'access token', called);
  const token = await remote.post<AccessToken>(`access-tokens/${encodeURIComponent(id)}/revoke`);
  if (json) out.json(token);
  else out.line(`revoked ${token.id} of ${token.name}`);
}
