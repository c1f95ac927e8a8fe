import { compareNames } from '../../shared/name.ts';
import { nameIn, subjectIn } from './unparsed-line.ts';

/**
 * The lines of a manifest with those of another laid over it, both in the order of a manifest: where both have an entry
 * for one subject, the upper one's stands. Memory grows with neither.
 */
export async function* layOver(
  base: AsyncGenerator<string[]>,
  upper: AsyncGenerator<string[]>,
): AsyncGenerator<string[]> {
  const over = openLines(upper);
  try {
    for await (const lines of base) {
      const merged: string[] = [];
      for (const line of lines) {
        let order = await over.compareTo(line);
        for (; order < 0; order = await over.compareTo(line)) merged.push(over.take());
        merged.push(order === 0 ? over.take() : line);
      }
      yield merged;
    }
    while ((await over.compareTo(undefined)) < 0) yield [over.take()];
  } finally {
    await upper.return(undefined);
  }
}

/** One line after another, the next at hand. */
function openLines(source: AsyncGenerator<string[]>) {
  let lines: readonly string[] = [];
  let next = 0;
  let isDone = false;
  const load = async () => {
    while (!isDone && next >= lines.length) {
      const { value, done } = await source.next();
      isDone = done === true;
      lines = done === true ? [] : value;
      next = 0;
    }
  };
  return {
    /** Less than 0 where the line at hand comes first, also before the end; more than 0 where there is none. */
    compareTo: async (line: string | undefined): Promise<number> => {
      if (next >= lines.length) await load();
      const own = lines[next];
      if (own === undefined) return 1;
      return line === undefined ? -1 : compareLines(own, line);
    },
    take: () => lines[next++]!,
  };
}

function compareLines(a: string, b: string): number {
  const [one, other] = [subjectIn(a), subjectIn(b)];
  if (one !== other) return one < other ? -1 : 1;
  return compareNames(nameIn(a) ?? '', nameIn(b) ?? '');
}
