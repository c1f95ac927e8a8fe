import type { Hole, Skip } from '../../shared/coverage.ts';
import { CodedError } from '../../shared/errors.ts';
import { installed } from '../../shared/manifest.ts';
import { encodeRaw, type RawName } from '../../shared/name.ts';
import { outputRule, stateRule } from '../check/verify-scope.ts';
import { isNamedMount, type Mounts } from '../collect/mounts.ts';
import type { Scope } from '../collect/scope.ts';

export interface BakeScope extends Scope {
  /** What was left out, each with everything beneath it. */
  readonly skipped: readonly Skip[];
}

/**
 * Everything but our own output and state, and pseudo filesystems where the profile expects them. The output is named
 * even by the first bake, which does not meet it yet, so that the next one makes the same statement.
 */
export function bakeScope(options: {
  readonly mounts: Mounts;
  readonly pseudoMounts: readonly RawName[];
  /** The directory that is being written and the one it replaces, where they lie within the root. */
  readonly target: RawName | undefined;
  readonly draft: RawName | undefined;
}): BakeScope {
  const { mounts, pseudoMounts, target, draft } = options;
  const skipped: Skip[] = target === undefined ? [] : [{ name: encodeRaw(target), rule: outputRule }];
  const closed = new Set<RawName>();
  const close = (path: RawName, rule: string | undefined) => {
    closed.add(path);
    if (rule !== undefined) skipped.push({ name: encodeRaw(path), rule });
    return false;
  };
  return {
    skipped,
    observes: (path, kind) => {
      if (path === draft || path === target) return close(path, undefined);
      if (path === installed.stateDir) return close(path, stateRule);
      const mount = mounts.at(path, kind === 'd');
      if (mount?.silent) return refuse(encodeRaw(path), 'no-answer');
      if (!mount?.pseudo) return true;
      if (isNamedMount(path, pseudoMounts)) return close(path, `mount: ${mount.type}`);
      const name = encodeRaw(path);
      throw new CodedError(
        'UNREADABLE',
        `${name} is a mounted ${mount.type}, which hides what the image has there: unmount it`,
      );
    },
    enters: (directory) => !closed.has(directory),
    onHole: (directory, reason) => refuse(encodeRaw(directory), reason),
  };
}

/** A bake that could not look at everything writes nothing. Errors: UNREADABLE, UNSTABLE. */
export function refuse(name: string, reason: Hole['reason']): never {
  if (reason === 'unstable') {
    throw new CodedError('UNSTABLE', `${name} changed each time it was read: bake a tree that nobody writes to`);
  }
  throw new CodedError('UNREADABLE', `${name} could not be read (${reason}), and a manifest must know everything`);
}
