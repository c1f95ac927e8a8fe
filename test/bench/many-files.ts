import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const filesPerDirectory = 200;

/** A tree of tiny files, all different, with exactly `entries` entries, its top and the folders included. */
export function makeManyFiles(root: string, entries: number): void {
  mkdirSync(root);
  let left = entries - 1;
  for (let folder = 0; left > 0; folder++) {
    const at = join(root, `folder-${folder}`);
    mkdirSync(at);
    left--;
    for (let file = 0; file < filesPerDirectory && left > 0; file++, left--) {
      writeFileSync(join(at, `file-${file}.txt`), `${folder}/${file}\n`);
    }
  }
}
