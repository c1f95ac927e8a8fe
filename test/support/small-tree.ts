import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bakeSigned, type Keys } from './pristine-cli.ts';
import type { Scratch } from './scratch.ts';

/** /plain, /opt/app/{a,b,lib/c}, each holding its own name, baked and signed. */
export async function aBakedTree(place: Scratch, keys: Keys): Promise<{ root: string; manifest: string }> {
  const root = mkdtempSync(join(place.dir, 'root-'));
  mkdirSync(join(root, 'opt/app/lib'), { recursive: true });
  writeFileSync(join(root, 'opt/app/a'), 'a');
  writeFileSync(join(root, 'opt/app/b'), 'b');
  writeFileSync(join(root, 'opt/app/lib/c'), 'c');
  writeFileSync(join(root, 'plain'), 'plain');
  const manifest = `${root}.manifest`;
  await bakeSigned({ root, out: manifest, key: keys.key });
  return { root, manifest };
}

export function hole(name: string, reason: string): { subject: 'file'; name: string; reason: string } {
  return { subject: 'file', name, reason };
}
