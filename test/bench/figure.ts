/** One measured figure. Without a target it is told for orientation only. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit:
    | 'ms'
    | 's'
    | 'MiB'
    | 'KiB'
    | 'MB/s'
    | '%'
    | 'times'
    | 'entries'
    | 'changes/s'
    | 'changes'
    | 'µs'
    | '/s'
    | 'rows'
    | 'errors';
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
}

export function isMissed({ value, target }: Figure): boolean {
  if (target === undefined) return false;
  return 'atMost' in target ? value > target.atMost : value < target.atLeast;
}

export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.name,
    `${rounded(figure.value)} ${figure.unit}`,
    figure.target === undefined
      ? ''
      : 'atMost' in figure.target
        ? `at most ${rounded(figure.target.atMost)}`
        : `at least ${rounded(figure.target.atLeast)}`,
    figure.target === undefined ? '' : isMissed(figure) ? 'MISS' : 'pass',
  ]);
  const all = [['figure', 'measured', 'target', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
