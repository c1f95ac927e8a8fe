/** Tells the readers of the event table, after a commit, that there is something new. A hint: they read the table for the truth. */
export interface EventFeed {
  wake(): void;
  /** The listener only notes. Returns its own removal. */
  onWake(listener: () => void): () => void;
}

export function createEventFeed(): EventFeed {
  const listeners = new Set<() => void>();
  return {
    wake() {
      for (const listener of [...listeners]) listener();
    },
    onWake(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
