import { type Hole, hiderOf } from '../../shared/coverage.ts';
import { subjectKey } from '../../shared/entry.ts';

/** The holes of one scan. */
export interface HoleList {
  readonly add: (hole: Hole) => void;
  readonly all: () => readonly Hole[];
  readonly hides: (subject: string, name: string) => boolean;
  /** Whether one in this subject is at a file that it is read from, or above it. */
  readonly covers: (subject: string, file: string) => boolean;
}

/** As many as a report may hold. Past that one hole at the root stands for all files: nothing there counts as looked at. */
const holesMax = 10_000;

export function openHoleList(): HoleList {
  const holes = new Map<string, Hole>();
  let hider: ReturnType<typeof hiderOf> | undefined;
  return {
    add: (hole) => {
      if (holes.size === holesMax - 1) holes.set('overflow', { subject: 'file', name: '/', reason: hole.reason });
      else if (holes.size < holesMax) holes.set(subjectKey(hole), hole);
      hider = undefined;
    },
    all: () => [...holes.values()],
    hides: (subject, name) => {
      hider ??= hiderOf([...holes.values()]);
      return hider(subject, name);
    },
    covers: (subject, file) => {
      for (let at = file.length; at > 0; at = file.lastIndexOf('/', at - 1)) {
        if (holes.has(`${subject} ${file.slice(0, at)}`)) return true;
      }
      return false;
    },
  };
}
