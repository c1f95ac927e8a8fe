import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aDirectory } from './directory.ts';

/** A root of these files, by their paths within it. */
export function aRootOf(files: Readonly<Record<string, string | Buffer>>): string {
  const root = aDirectory();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}
