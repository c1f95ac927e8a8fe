import type { RawName } from '../../shared/name.ts';
import { stampAt } from '../collect/outer-paths.ts';
import { noStamp } from '../collect/stamp.ts';
import type { RootPrefix } from '../collect/system-path.ts';
import type { CompareOptions } from './compare-streams.ts';
import { isTimed } from './mounts-digest.ts';
import type { StampWriter } from './stamp-file.ts';
import type { VerifyScope } from './verify-scope.ts';

/** New names show in the stamp of their directory: of one that is looked into and not at, it is taken before that. */
export function telling(scope: VerifyScope, prefix: RootPrefix, stamps: StampWriter): VerifyScope {
  const unseen = new Set<RawName>();
  return {
    ...scope,
    observes: (path, kind) => {
      const isObserved = scope.observes(path, kind);
      if (!isObserved && kind === 'd') unseen.add(path);
      return isObserved;
    },
    enters: (directory) => {
      const isEntered = scope.enters(directory);
      if (unseen.delete(directory) && isEntered) {
        stamps.addListed(directory, isTimed(scope.mountAround(directory)) ? stampAt(prefix, directory) : noStamp());
      }
      return isEntered;
    },
  };
}

/** Stamps of what a walk has seen. */
export function keeping(stamps: StampWriter, scope: VerifyScope): CompareOptions['onObserved'] {
  return (path, observation, stamp, isBaked) => {
    stamps.add(path, observation, stamp && !isTimed(scope.mountAround(path)) ? noStamp() : stamp, isBaked);
  };
}
