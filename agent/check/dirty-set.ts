/** Names that hints point at, waiting for a check: each once, bounded. */
export interface DirtySet {
  readonly size: number;
  /** More was noted than is kept: only a sweep can answer that. */
  readonly overflowed: boolean;
  add(name: string): void;
  /** Changes happened of which no name is known. */
  overflow(): void;
  /** All that is noted, and then nothing is. */
  take(): readonly string[];
}

/** Past it names are forgotten and a sweep is asked for. */
const dirtyPathsMax = 4_096;

export function createDirtySet(namesMax = dirtyPathsMax): DirtySet {
  const names = new Set<string>();
  let overflowed = false;
  return {
    get size() {
      return names.size;
    },
    get overflowed() {
      return overflowed;
    },
    add(name) {
      if (overflowed || names.has(name)) return;
      if (names.size < namesMax) {
        names.add(name);
        return;
      }
      names.clear();
      overflowed = true;
    },
    overflow() {
      names.clear();
      overflowed = true;
    },
    take() {
      const taken = [...names];
      names.clear();
      overflowed = false;
      return taken;
    },
  };
}
