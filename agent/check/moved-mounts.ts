import type { Finding } from '../../shared/finding.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import type { Mounts } from '../collect/mounts.ts';
import type { HoleList } from './hole-list.ts';

/**
 * The findings that stand though filesystems came and went while they were made. What was looked for beneath such a place may
 * have been looked for on another filesystem: a hole takes the place of what was found there, until somebody looks again.
 * One that came and went within the look is not known of.
 */
export function withoutMoved(
  findings: readonly Finding[],
  before: Mounts,
  after: Mounts,
  holes: HoleList,
): readonly Finding[] {
  let standing = findings;
  for (const path of movedBetween(before, after)) {
    const name = encodeRaw(path);
    const rest = standing.filter(
      (one) => one.subject !== 'file' || !(one.name === name || one.name.startsWith(`${name}/`)),
    );
    if (rest.length === standing.length) continue;
    holes.add({ subject: 'file', name, reason: 'unstable' });
    standing = rest;
  }
  return standing;
}

function movedBetween(before: Mounts, after: Mounts): ReadonlySet<RawName> {
  if (!before.isListed || !after.isListed) return new Set();
  const [was, is] = [before, after].map(
    (mounts) => new Map([...mounts.all()].map(({ path, type }) => [path, type])),
  ) as [Map<RawName, string>, Map<RawName, string>];
  return new Set([...was.keys(), ...is.keys()].filter((path) => was.get(path) !== is.get(path)));
}
