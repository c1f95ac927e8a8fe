import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Filesystems of their own beneath a folder, which end with this process. Needs root. */
export interface OwnDisks {
  /** Makes one and gives its root. */
  readonly mount: (name: string) => string;
}

/** Sparse: only what is written takes room. */
const diskBytes = '2G';
const inodes = '400000';

export function openOwnDisks(work: string): OwnDisks {
  const mounted: string[] = [];
  // Before what removes the folder.
  process.prependOnceListener('exit', () => {
    for (const root of mounted.reverse()) execFileSync('umount', ['--lazy', root]);
  });
  return {
    mount: (name) => {
      const [image, root] = [join(work, `${name}.disk`), join(work, name)];
      execFileSync('truncate', ['-s', diskBytes, image]);
      execFileSync('mkfs.ext4', ['-q', '-N', inodes, image]);
      mkdirSync(root);
      execFileSync('mount', ['-o', 'loop', image, root]);
      mounted.push(root);
      return root;
    },
  };
}
