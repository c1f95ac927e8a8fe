import { timestamp } from '../../shared/clock.ts';
import type { Finding } from '../../shared/finding.ts';
import { encodeRaw, type Name, type RawName } from '../../shared/name.ts';
import { selfAndAbove } from '../collect/scope.ts';
import type { OpenRoot } from '../collect/system-path.ts';
import { close } from '../host/libc.ts';
import { openBeneath, toLook } from '../host/open-beneath.ts';
import { changedMsIn, modifiedMsIn, newStat, statOf } from '../host/stat.ts';
import type { OpenState } from '../open-state.ts';
import type { Since } from './explanation.ts';

/** Since when the agent has known of a finding, or of another one about the same file. */
export function seenSince(name: Name, finding: Finding | null, seen: OpenState | undefined): Since | null {
  if (seen === undefined || finding === null) return null;
  const same = seen.firstSeenAt.get(finding.fingerprint);
  if (same !== undefined) return { by: 'agent', at: same, fingerprint: finding.fingerprint };
  const others = [...seen.open.values()]
    .filter((one) => one.subject === 'file' && one.name === name)
    .flatMap(({ fingerprint }) => ({ fingerprint, at: seen.firstSeenAt.get(fingerprint) ?? '' }))
    .filter(({ at }) => at !== '')
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  return others[0] === undefined ? null : { by: 'agent', ...others[0] };
}

/** What the file says of itself, or of what is gone the nearest directory that is left. */
export function saidByFile(root: OpenRoot, path: RawName): Since | null {
  const own = timesOf(root, path);
  if (own !== undefined) return { by: 'file', ...own };
  for (const above of [...selfAndAbove(path)].slice(1)) {
    const times = timesOf(root, above);
    if (times !== undefined) return { by: 'directory', name: encodeRaw(above), ...times };
  }
  return null;
}

function timesOf(root: OpenRoot, path: RawName) {
  const fd = openBeneath(root.fd, path, toLook);
  if (fd < 0) return undefined;
  const stat = newStat();
  const failed = statOf(fd, stat);
  close(fd);
  const [changedAt, modifiedAt] = [changedMsIn(stat), modifiedMsIn(stat)].map(timeText);
  return failed < 0 || changedAt === undefined || modifiedAt === undefined ? undefined : { changedAt, modifiedAt };
}

/** Anyone may give a file a time that no calendar has. */
const timeMsMax = 8.64e15;

function timeText(ms: number): string | undefined {
  return Math.abs(ms) <= timeMsMax ? timestamp(ms) : undefined;
}
