import type { PushedImage } from '../../../shared/api.ts';
import type { NewToken, Token } from '../../../shared/api-enrolment.ts';
import { imageRef } from '../../../shared/image.ts';
import type { Context } from '../context.ts';
import { wantedId } from '../wanted-id.ts';
import { pairsCell, shortDigest } from '../words.ts';

interface CreateOptions {
  readonly group?: unknown;
  readonly image?: unknown;
  readonly label?: unknown;
  readonly uses?: unknown;
  readonly rate?: unknown;
  readonly cidr?: unknown;
  readonly expiresIn?: unknown;
}

/** Without --json standard output is the token alone, so that it can go into a file. */
export async function create(
  { remote, out, json }: Context,
  _args: readonly string[],
  options: CreateOptions,
): Promise<void> {
  const { group, image, label: labels, uses, rate, cidr: cidrs, expiresIn } = options;
  const token = await remote.post<NewToken>('tokens', { group, image, labels, uses, rate, cidrs, expiresIn });
  if (json) return out.json(token);
  out.line(token.token);
  const { id, usesMax, expiresAt } = token;
  const howOften = usesMax === 1 ? 'one use' : `${usesMax} uses`;
  process.stderr.write(`token ${id}: ${howOften}, until ${expiresAt}; shown this once\n`);
}

export async function list({ remote, out, json }: Context): Promise<void> {
  const page = await remote.list<Token>('tokens');
  if (json) return out.json(page);
  const images = await remote.list<PushedImage>('images');
  const names = new Map(images.items.map((image) => [image.digest, imageRef(image)]));
  out.table(
    ['ID', 'GROUP', 'IMAGE', 'LABELS', 'FOR', 'USES', 'RATE', 'NETWORKS', 'CREATED', 'EXPIRES', 'REVOKED', 'MISUSED'],
    page.items.map((token) => [
      token.id,
      token.group,
      names.get(token.imageDigest) ?? shortDigest(token.imageDigest),
      pairsCell(token.labels),
      token.providerId,
      `${token.uses} of ${token.usesMax}`,
      token.rate,
      token.cidrs.join(' ') || null,
      token.createdAt,
      token.expiresAt,
      token.revokedAt,
      token.misused === 0 ? null : { text: `${token.misused} times`, tone: 'bad' },
    ]),
  );
}

export async function revoke({ remote, out, json }: Context, [wanted = '']: readonly string[]): Promise<void> {
  const id = await wantedId(wanted, 'token', async () => (await remote.list<Token>('tokens')).items);
  const token = await remote.post<Token>(`tokens/${encodeURIComponent(id)}/revoke`);
  if (json) out.json(token);
  else out.line(`revoked ${token.id} of group ${token.group}; ${token.uses} of ${token.usesMax} uses are made`);
}
