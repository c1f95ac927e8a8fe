import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kindAt } from './file-kind.ts';
import type { Peer, Telling, Told } from './told.ts';

const keywords = 'type,mode,uid,gid,size,link,device,sha256';

/** The words of its report, which are not those of its specifications. */
const attributes: Readonly<Record<string, string>> = {
  type: 'type',
  permissions: 'mode',
  user: 'uid',
  gid: 'gid',
  size: 'size',
  sha256: 'content',
  'link ref': 'target',
  device: 'rdev',
};

/** NetBSD's mtree with a specification of the tree as it is now. No extended attributes, and what comes with them. */
export function mtreePeer(root: string, original: string, folder: string): Peer {
  const specification = `${folder}/mtree.spec`;
  writeFileSync(specification, execFileSync('mtree', ['-c', '-p', root, '-k', keywords], { maxBuffer: 2 ** 28 }));
  const known = new Set(Object.values(attributes));
  return {
    name: 'mtree',
    // Of an added directory it names only the directory.
    seesAdded: (path) => kindAt(join(original, dirname(path))) === 'directory',
    seesRemoved: () => true,
    knows: () => known,
    look: () => {
      const run = spawnSync('mtree', ['-f', specification, '-p', root], { encoding: 'utf8', maxBuffer: 2 ** 28 });
      if (run.status !== 0 && run.status !== 2) throw new Error(`mtree ended with ${run.status}: ${run.stderr}`);
      return readReport(run.stdout);
    },
  };
}

/**
 * `extra: path`, `missing: ./path`, or `path: ` and a line for each attribute: a tab, its name, and the two values. The
 * first of them stands on the line of a path that is short.
 */
function readReport(text: string): Telling {
  const told = new Map<string, Told>();
  let differing = new Set<string>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, word, value] = /^(extra|missing): (?:\.\/)?(.*)$/.exec(line) ?? [];
    const [, changed, first] = /^(.*): $/.exec(line) ?? /^(.{1,6}): +([a-z0-9 ]+ \(.*)$/.exec(line) ?? [];
    if (word !== undefined) told.set(`/${value}`, word === 'extra' ? 'added' : 'removed');
    else if (changed === undefined) differing.add(attributeOf(line));
    else {
      differing = new Set();
      told.set(changed === '.' ? '/' : `/${changed}`, differing);
      if (first !== undefined) differing.add(attributeOf(`\t${first}`));
    }
  }
  return told;
}

function attributeOf(line: string): string {
  const word = /^\t(.*) \(/.exec(line)?.[1] ?? line;
  const attribute = attributes[word];
  if (attribute === undefined) throw new Error(`mtree says what nobody expects: ${line}`);
  return attribute;
}
