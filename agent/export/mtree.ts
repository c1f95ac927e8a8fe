import type { FileEntry, FileType } from '../../shared/entry.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import { imageRef } from '../../shared/image.ts';
import { type Name, type RawName, rawOf } from '../../shared/name.ts';
import { checkStoredDigest } from '../check/digest.ts';
import { readEntryLines } from '../check/entry-lines.ts';
import type { Manifest } from '../check/open-manifest.ts';
import { isFileLine } from '../check/unparsed-line.ts';

/**
 * A specification of mtree(5) with full paths, in pieces, so that memory does not grow with the image: type, mode, owner, size,
 * sha256, target and device of each file. What mtree has no keyword for (extended attributes, ACLs) is left out. The stored
 * entries are known to be those that were signed before the first piece. Errors: DIGEST, ENTRIES.
 */
export async function* mtreeOf(manifest: Manifest): AsyncGenerator<string> {
  await checkStoredDigest(manifest);
  yield `#mtree\n# ${imageRef(manifest.image)} ${manifest.image.digest}\n`;
  for await (const lines of readEntryLines(manifest)) {
    yield lines
      .filter(isFileLine)
      .map((line) => mtreeLine(parseEntryLine(line) as FileEntry))
      .join('');
  }
}

const typeWords: Readonly<Record<FileType, string>> = {
  file: 'file',
  dir: 'dir',
  symlink: 'link',
  fifo: 'fifo',
  socket: 'socket',
  char: 'char',
  block: 'block',
};

function mtreeLine({ name, type, mode, uid, gid, size, content, target, rdev }: FileEntry): string {
  return `${[
    name === '/' ? '.' : `.${name.split('/').map(asPattern).map(visEncoded).join('/')}`,
    `type=${typeWords[type]}`,
    ...(mode === undefined ? [] : [`mode=${mode}`]),
    `uid=${uid}`,
    `gid=${gid}`,
    ...(size === undefined ? [] : [`size=${size}`]),
    ...(content === undefined ? [] : [`sha256digest=${content.slice('sha256:'.length)}`]),
    ...(target === undefined ? [] : [`link=${visEncoded(rawOf(target)!)}`]),
    ...(rdev === undefined ? [] : [`device=native,${rdev.replace(':', ',')}`]),
  ].join(' ')}\n`;
}

/** mtree(8) takes a name with one of these for a pattern of fnmatch(3): one that matches the name alone. */
function asPattern(part: Name): string {
  const raw = rawOf(part)!;
  return /[*?[]/.test(raw) ? raw.replace(/[*?[\\]/g, '\\$&') : raw;
}

/** vis(3) with three octal digits for whatever is more than a letter, a digit or one of a few signs. */
function visEncoded(raw: RawName): string {
  return raw.replace(/[^A-Za-z0-9/._+,:@%~^-]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
