import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Collector, collectFacts, type Facts } from '../../agent/collect/facts/collector.ts';
import { directoryRoot } from '../../agent/collect/root.ts';
import { aDirectory } from './directory.ts';

/** A file by its text or bytes, a link by `{ to }`, a program by `{ run }`. */
export type TreeFile = string | Buffer | { readonly to: string } | { readonly run: string };

/** What a collector says of a small root. */
export function factsIn(
  collector: Collector,
  tree: Readonly<Record<string, TreeFile>>,
  distro = 'debian 12',
): Facts & { readonly root: string } {
  const root = aDirectory();
  for (const [path, file] of Object.entries(tree)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (typeof file === 'string' || Buffer.isBuffer(file)) writeFileSync(at, file);
    else if ('to' in file) symlinkSync(file.to, at);
    else writeFileSync(at, file.run);
    if (typeof file === 'object' && 'run' in file) chmodSync(at, 0o755);
  }
  return { ...collectFacts(directoryRoot(root), distro, [collector]), root };
}
