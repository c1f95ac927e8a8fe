import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { Peer, Telling, Told } from './told.ts';

/** AIDE's words for what both know. What else AIDE can compare (link count, inode, times), Pristine never does. */
const attributes: Readonly<Record<string, string>> = {
  file_type: 'type',
  perm: 'mode',
  uid: 'uid',
  gid: 'gid',
  size: 'size',
  sha256: 'content',
  link_name: 'target',
  acl: 'acl',
  xattrs: 'xattrs',
  caps: 'capabilities',
  e2fsattrs: 'flags',
};

interface AideReport {
  readonly added?: Readonly<Record<string, string>>;
  readonly removed?: Readonly<Record<string, string>>;
  readonly changed?: Readonly<Record<string, string>>;
  readonly different_attributes?: Readonly<Record<string, string>>;
  readonly details?: Readonly<Record<string, Readonly<Record<string, Value>>>>;
}

interface Value {
  readonly old: Said;
  readonly new: Said;
}
type Said = string | number | readonly string[] | undefined;

/** AIDE with a database of the tree as it is now. It knows every attribute but device numbers. */
export function aidePeer(root: string, folder: string): Peer {
  const config = `${folder}/aide.conf`;
  const database = `${folder}/aide.db`;
  writeFileSync(
    config,
    [
      `database_in=file:${database}`,
      `database_out=file:${database}`,
      `root_prefix=${root}`,
      'report_format=json',
      'report_url=stdout',
      'report_level=changed_attributes',
      '/ ftype+p+u+g+s+l+sha256+acl+xattrs+caps+e2fsattrs',
      '',
    ].join('\n'),
  );
  execFileSync('aide', ['--config', config, '--init'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const known = new Set(Object.values(attributes));
  return {
    name: 'AIDE',
    seesAdded: () => true,
    seesRemoved: () => true,
    knows: () => known,
    look: () => {
      const run = spawnSync('aide', ['--config', config, '--check'], { encoding: 'utf8', maxBuffer: 2 ** 28 });
      // 1 new, 2 removed, 4 changed, added up (aide(1)).
      if (run.status === null || run.status > 7) throw new Error(`aide ended with ${run.status}: ${run.stderr}`);
      return readReport(JSON.parse(run.stdout) as AideReport);
    },
  };
}

function readReport(report: AideReport): Telling {
  const changed = Object.entries(report.changed ?? {}).map(([path, summary]) => {
    const details = Object.entries(report.details?.[path] ?? {});
    const differing = details.filter(([name, value]) => differs(name, value, summary)).map(([name]) => name);
    // What one side has and the other has not is named apart: `+caps-sha256`.
    const oneSided = report.different_attributes?.[path]?.match(/[a-z0-9]+/g) ?? [];
    return [path, new Set([...differing, ...oneSided].flatMap((name) => attributes[name] ?? []))] as const;
  });
  return new Map<string, Told>([
    ...Object.keys(report.added ?? {}).map((path) => [path, 'added'] as const),
    ...Object.keys(report.removed ?? {}).map((path) => [path, 'removed'] as const),
    ...changed.filter(([, differing]) => differing.size > 0),
  ]);
}

/**
 * What AIDE means by its words where that is not what Pristine means:
 * - the size of a directory or a link is no size of content;
 * - a mode is an ACL of three entries, so that each chmod is a change of the ACL: only one with more entries is one;
 * - capabilities are extended attributes as well;
 * - all flags of ext4 are attributes, also those that the filesystem sets for itself (extents, indexed directory).
 */
function differs(name: string, value: Value, summary: string): boolean {
  if (name === 'size') return summary.startsWith('f');
  const mean = meanings[name];
  return mean === undefined || mean(value.old) !== mean(value.new);
}

const meanings: Readonly<Record<string, (said: Said) => string>> = {
  acl: (said) => {
    const entries = linesOf(said);
    return entries.length > 3 ? entries.join() : '';
  },
  xattrs: (said) =>
    linesOf(said)
      .filter((line) => !line.startsWith('num=') && !line.includes('security.capability'))
      .map((line) => line.replace(/^\[\d+\] /, ''))
      .toSorted()
      .join(),
  e2fsattrs: (said) => `${said}`.replace(/[^ia]/g, ''),
};

function linesOf(said: Said): readonly string[] {
  return typeof said === 'object' ? said : [`${said}`];
}
