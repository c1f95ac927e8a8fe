import { type Attributes, modeBits } from './entry.ts';
import type { Difference } from './finding.ts';

/** What a program gives to whoever runs it, a phrase each: `setuid root`, `setgid 42`, `cap_net_raw=ep`. */
export function privilegesOf(attributes: Attributes): readonly string[] {
  if (attributes['type'] !== 'file') return [];
  const mode = modeBits(attributes);
  return [
    ...(mode & 0o4000 ? [`setuid ${accountOf(attributes['uid'])}`] : []),
    ...(mode & 0o2000 ? [`setgid ${accountOf(attributes['gid'])}`] : []),
    ...(attributes['capabilities'] === undefined ? [] : [String(attributes['capabilities'])]),
  ];
}

function accountOf(id: Attributes[string] | undefined): string {
  return id === 0 ? 'root' : String(id);
}

/** "gains setuid root": what a file gives that it did not, and the other way round. Undefined where that is the same, or the file is gone. */
export function privilegeChange({ subject, change, expected, actual }: Difference): string | undefined {
  if (subject !== 'file' || change === 'removed') return undefined;
  const [before, after] = [privilegesOf(expected), privilegesOf(actual)];
  const parts = [
    ...after.filter((one) => !before.includes(one)).map((one) => `gains ${one}`),
    ...before.filter((one) => !after.includes(one)).map((one) => `loses ${one}`),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}
