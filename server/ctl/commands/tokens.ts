import type { NewToken, Token } from '../../../shared/api.ts';
import type { Context } from '../context.ts';
import { shortDigest } from '../words.ts';

interface CreateOptions {
  readonly group?: unknown;
  readonly image?: unknown;
  readonly label?: unknown;
  readonly uses?: unknown;
  readonly expiresIn?: unknown;
}

/** Without --json standard output is the token alone, so that it can go into a file. */
export async function create(
  { remote, out, json }: Context,
  _args: readonly string[],
  options: CreateOptions,
): Promise<void> {
  const { group, image, label: labels, uses, expiresIn } = options;
  const token = await remote.post<NewToken>('tokens', { group, image, labels, uses, expiresIn });
  if (json) out.json(token);
  else out.line(token.token);
}

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<Token>('tokens');
  if (json) return out.json(page);
  out.table(
    ['ID', 'GROUP', 'IMAGE', 'USES', 'EXPIRES'],
    page.items.map((token) => [
      token.id,
      token.group,
      shortDigest(token.imageDigest),
      `${token.uses} of ${token.usesMax}`,
      token.expiresAt,
    ]),
  );
}
