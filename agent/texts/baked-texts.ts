import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../shared/digest.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import { blobFile, manifestBlobs } from '../../shared/manifest.ts';
import type { RawName } from '../../shared/name.ts';
import { textBytesMax, type Withheld } from '../../shared/text-diff.ts';
import { readRegular } from '../collect/inside.ts';
import { errnoOf } from '../collect/system-path.ts';
import type { RootView } from '../image/root-view.ts';
import { readPublic, reasonToWithhold, textOf } from './public-text.ts';

/** Notes while entries are written which of them are text that may be kept, and then keeps it. */
export interface TextKeeper {
  readonly see: (path: RawName, line: string) => void;
  /** Returns how many texts there are. Errors: those of the root, IO. */
  readonly write: (root: RootView, draft: string) => Promise<number>;
}

/** What a manifest keeps at most. Of the files in their order, those that do not fit any more are left out: no diff is shown of them. */
const textsMax = 4_096;
const textsBytesMax = 8 * 1_048_576;

export function openTextKeeper(isText: (path: RawName) => boolean): TextKeeper {
  const noted = new Map<RawName, string>();
  let left = textsBytesMax;
  return {
    see: (path, line) => {
      if (!isText(path) || noted.size === textsMax) return;
      const entry = parseEntryLine(line);
      if (entry.subject !== 'file' || reasonToWithhold({ ...entry }) !== undefined) return;
      if (Number(entry.size) > left) return;
      left -= Number(entry.size);
      noted.set(path, entry.content!);
    },
    write: async (root, draft) => {
      const texts = await root.read((files) => {
        const read = new Map<string, Buffer>();
        for (const [path, content] of noted) {
          const bytes = readPublic(files, path);
          // The entry says what was there when it was measured: a file that is another by now has no text.
          if (typeof bytes === 'string' || digestOf(bytes) !== content || textOf(bytes) === undefined) continue;
          read.set(blobFile(content)!, bytes);
        }
        return read;
      });
      if (texts.size > 0) mkdirSync(join(draft, manifestBlobs.sha256), { recursive: true, mode: 0o755 });
      for (const [file, bytes] of texts) {
        writeFileSync(join(draft, file), bytes, { mode: 0o644, flag: 'wx', flush: true });
      }
      return texts.size;
    },
  };
}

/** The baked text of a content, of whichever manifest has it. It is what was signed, or it is not used. */
export function readBakedText(manifests: readonly string[], content: string): Buffer | Withheld {
  const found = manifests.map((manifest) => readBlob(manifest, content));
  return (
    found.find((one) => typeof one !== 'string') ?? found.find((one) => one === 'bad-baked-text') ?? 'no-baked-text'
  );
}

function readBlob(manifest: string, content: string): Buffer | Withheld {
  const file = blobFile(content);
  if (file === undefined) return 'no-baked-text';
  try {
    const bytes = readRegular(join(manifest, file), textBytesMax);
    return digestOf(bytes) === content ? bytes : 'bad-baked-text';
  } catch (error) {
    return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR' ? 'no-baked-text' : 'bad-baked-text';
  }
}
