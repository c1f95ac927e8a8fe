const grouped = new Intl.NumberFormat('en-GB');

/** `12,345` */
export function count(n: number): string {
  return grouped.format(n);
}

/** `1 finding`, `2 findings` */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `62.3 MB` (decimal) */
export function bytes(n: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = n;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return unit === 0 ? plural(n, 'byte') : `${value.toFixed(value < 100 ? 1 : 0)} ${units[unit]}`;
}
