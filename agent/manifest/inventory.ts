import type { KeyObject } from 'node:crypto';
import type { FileEntry } from '../../shared/entry.ts';
import { attributesOf } from '../../shared/entry.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import type { Image } from '../../shared/image.ts';
import type { Name } from '../../shared/name.ts';
import { privilegesOf } from '../../shared/privilege.ts';
import { checkStoredDigest } from '../check/digest.ts';
import { readEntryLines } from '../check/entry-lines.ts';
import { openManifest } from '../check/open-manifest.ts';
import { isFileLine, mayBePrivileged, subjectIn } from '../check/unparsed-line.ts';

/** The programs of an image that give whoever runs them more than they have: `pristine manifest inventory --json`. */
export interface Inventory {
  readonly schema: 'pristine.inventory/1';
  readonly image: Image;
  /** In the order of names. */
  readonly programs: readonly PrivilegedProgram[];
}

export interface PrivilegedProgram extends Pick<FileEntry, 'uid' | 'gid' | 'mode' | 'capabilities' | 'content'> {
  readonly name: Name;
  /** As the image calls them; null for a number without a name. */
  readonly owner: Name | null;
  readonly group: Name | null;
  readonly privileges: readonly string[];
}

/** From the manifest alone. Errors: those of `openManifest`, and DIGEST, ENTRIES. */
export async function inventory(dir: string, keys: readonly KeyObject[]): Promise<Inventory> {
  const manifest = openManifest(dir, keys);
  try {
    await checkStoredDigest(manifest);
    const found: FileEntry[] = [];
    const users = new Map<number, Name>();
    const groups = new Map<number, Name>();
    for await (const lines of readEntryLines(manifest)) {
      for (const line of lines) {
        // Most lines need no parsing.
        if (isFileLine(line) ? !mayBePrivileged(line) : !['user', 'group'].includes(subjectIn(line))) continue;
        const entry = parseEntryLine(line);
        if (entry.subject === 'file' && privilegesOf(attributesOf(entry)).length > 0) found.push(entry);
        if (entry.subject === 'user') setFirst(users, entry.uid, entry.name);
        if (entry.subject === 'group') setFirst(groups, entry.gid, entry.name);
      }
    }
    return { schema: 'pristine.inventory/1', image: manifest.image, programs: found.map(programOf(users, groups)) };
  } finally {
    manifest.close();
  }
}

/** Of several names for one number the first by name, but that root is root. */
function setFirst(names: Map<number, Name>, id: number | undefined, name: Name): void {
  const isRoot = id === 0 && name === 'root';
  if (id !== undefined && (isRoot || !names.has(id))) names.set(id, name);
}

function programOf(users: ReadonlyMap<number, Name>, groups: ReadonlyMap<number, Name>) {
  return (entry: FileEntry): PrivilegedProgram => {
    const { name, mode, uid, gid, capabilities, content } = entry;
    return {
      name,
      ...(mode !== undefined && { mode }),
      uid,
      owner: users.get(uid) ?? null,
      gid,
      group: groups.get(gid) ?? null,
      ...(capabilities !== undefined && { capabilities }),
      ...(content !== undefined && { content }),
      privileges: privilegesOf(attributesOf(entry)),
    };
  };
}
