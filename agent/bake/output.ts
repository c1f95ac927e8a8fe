import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import { manifestBlobs, manifestFiles } from '../../shared/manifest.ts';
import { errnoOf } from '../collect/system-path.ts';
import { makeDirectory } from '../make-directory.ts';

/** Where a bake writes: a directory beside the one it will replace, so that there is never half a manifest at `--out`. */
export interface Output {
  readonly target: string;
  /** Beside the target. Neither it nor the target is part of what is baked. */
  readonly draft: string;
  /** Puts the draft in the target's place. */
  readonly publish: () => void;
  /** Leaves everything as it was found. */
  readonly discard: () => void;
}

/** Errors: FILE_EXISTS when `out` is there and holds anything but a manifest, IO. */
export function openOutput(out: string): Output {
  requireReplaceable(resolve(out));
  let made: string | undefined;
  let parent: string;
  try {
    made = makeDirectory(dirname(resolve(out)));
    // Without links, so that it can be recognised as a place within the root.
    parent = realpathSync(dirname(resolve(out)));
  } catch (cause) {
    throw new CodedError('IO', `could not make a place for --out ${out}: ${sentenceOf(cause)}`, cause);
  }
  const name = basename(resolve(out));
  const mark = randomBytes(6).toString('hex');
  const target = join(parent, name);
  const draft = join(parent, `.${name}.${mark}.new`);
  const old = join(parent, `.${name}.${mark}.old`);
  try {
    clearLeftovers(parent, name);
    mkdirSync(draft, { mode: 0o755 });
  } catch (cause) {
    throw new CodedError('IO', `could not write beside --out ${out}: ${sentenceOf(cause)}`, cause);
  }
  return {
    target,
    draft,
    publish: () => {
      syncDirectory(draft);
      // Two directories cannot trade places in one step. Killed between these two, the old manifest lies whole beside the
      // target until the next bake, and verify says that there is none: it never reads a mixture.
      const replaced = existsSync(target);
      if (replaced) renameSync(target, old);
      renameSync(draft, target);
      syncDirectory(dirname(target));
      if (replaced) rmSync(old, { recursive: true });
    },
    discard: () => {
      rmSync(draft, { recursive: true, force: true });
      if (made !== undefined) removeEmpty(dirname(target), made);
    },
  };
}

/** What a bake that was killed left beside its target: the old manifest goes back, unless there is a new one. */
function clearLeftovers(parent: string, name: string): void {
  const isLeftover = (entry: string) =>
    entry.startsWith(`.${name}.`) && /^[0-9a-f]{12}\.(new|old)$/.test(entry.slice(name.length + 2));
  for (const entry of readdirSync(parent).filter(isLeftover)) {
    const target = join(parent, name);
    if (entry.endsWith('.old') && !existsSync(target)) renameSync(join(parent, entry), target);
    else rmSync(join(parent, entry), { recursive: true });
  }
}

/** `--out /etc` must not replace /etc. */
function requireReplaceable(target: string): void {
  const known: readonly string[] = [...Object.values(manifestFiles), manifestBlobs.directory];
  let names: readonly string[];
  try {
    names = readdirSync(target);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw new CodedError('FILE_EXISTS', `expected a directory at --out ${target}, got something else`, error);
  }
  const other = names.find((name) => !known.includes(name));
  if (other !== undefined) {
    throw new CodedError(
      'FILE_EXISTS',
      `--out ${target} holds ${other}, which no manifest has: choose another directory`,
    );
  }
}

function removeEmpty(from: string, upTo: string): void {
  for (let at = from; at.startsWith(upTo); at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      return;
    }
  }
}

export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
