/** What a run of tests came to. A skipped test is one that was not run: it is counted, never dropped. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What failed and what was skipped, a line each: told once more at the end, where thousands of lines do not hide it. */
  readonly notes: readonly string[];
}

export const emptyTally: Tally = { passed: 0, failed: 0, skipped: 0, notes: [] };

export function addTallies(...tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, one) => ({
      passed: sum.passed + one.passed,
      failed: sum.failed + one.failed,
      skipped: sum.skipped + one.skipped,
      notes: [...sum.notes, ...one.notes],
    }),
    emptyTally,
  );
}

/** The line every run of ours ends with; scripts read it, so it never changes. */
export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
}

/** Prints the closing line and sets the exit code. A run in which nothing passed has shown nothing, and fails. */
export function close(tally: Tally): void {
  for (const note of tally.notes) console.log(note);
  console.log(closingLine(tally));
  process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
}
