import type { SpecVersion } from '../../../shared/api-policies.ts';
import type { Context } from '../context.ts';
import { shortDigest } from '../words.ts';

/** The versions of a group or a policy, newest first; with --json each with its document. */
export function history(of: 'groups' | 'policies') {
  return async ({ remote, out, json }: Context, [name = '']: readonly string[]): Promise<void> => {
    const page = await remote.list<SpecVersion>(`${of}/${encodeURIComponent(name)}/versions`);
    if (json) return out.json(page);
    out.table(
      ['VERSION', 'AT', 'BY', 'DIGEST'],
      page.items.map(({ version, at, actor, digest }) => [version, at, actor, shortDigest(digest)]),
    );
  };
}
