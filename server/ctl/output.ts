import { styleText } from 'node:util';
import { diffLineKind, terminalSafeLine } from '../../shared/diff-text.ts';
import { terminalSafe } from '../../shared/name.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'quiet';
export type Cell = string | number | null | { readonly text: string; readonly tone: Tone };

const colours = { good: 'green', bad: 'red', warn: 'yellow', quiet: 'gray' } as const;
const diffColours = { hunk: 'cyan', removed: 'red', added: 'green', context: 'gray' } as const;
const gap = '  ';
/** Narrower than this a cut column says nothing; the terminal may wrap instead. */
const cutWidthMin = 12;

export interface Output {
  line(text: string): void;
  json(value: unknown): void;
  jsonLine(value: unknown): void;
  /** A heading line and one line a row; on a terminal the widest columns are cut to fit. */
  table(heads: readonly string[], rows: readonly (readonly Cell[])[]): void;
  /** The lines of a unified diff. */
  diff(text: string): void;
  /** One `label  value` a line. */
  facts(facts: readonly (readonly [string, Cell])[]): void;
}

/** Remote strings are attacker-controlled: nothing reaches the terminal but through `terminalSafe`. */
export function createOutput(stream: NodeJS.WriteStream): Output {
  const widthMax = stream.isTTY ? stream.columns : undefined;
  const paint = (cell: Cell, text: string) =>
    typeof cell === 'object' && cell !== null ? styleText(colours[cell.tone], text, { stream }) : text;

  return {
    line: (text) => void stream.write(`${terminalSafe(text)}\n`),
    json: (value) => void stream.write(`${jsonSafe(JSON.stringify(value, null, 2))}\n`),
    jsonLine: (value) => void stream.write(`${jsonSafe(JSON.stringify(value))}\n`),
    table(heads, rows) {
      const texts = [heads, ...rows.map((row) => row.map(textOf))];
      const widths = shrink(
        heads.map((_, column) => texts.reduce((width, row) => Math.max(width, widthOf(row[column] ?? '')), 0)),
        widthMax,
      );
      const lineOf = (cells: readonly Cell[], style: (cell: Cell, text: string) => string) =>
        cells
          .map((cell, column) => {
            const width = widths[column] ?? 0;
            const text = cut(textOf(cell), width);
            const padding = column === cells.length - 1 ? '' : ' '.repeat(width - widthOf(text));
            return style(cell, text) + padding;
          })
          .join(gap)
          .trimEnd();
      stream.write(`${lineOf(heads, (_, text) => styleText('bold', text, { stream }))}\n`);
      for (const row of rows) stream.write(`${lineOf(row, paint)}\n`);
    },
    diff(text) {
      for (const line of text.replace(/\n$/, '').split('\n')) {
        stream.write(`${styleText(diffColours[diffLineKind(line)], terminalSafeLine(line), { stream })}\n`);
      }
    },
    facts(facts) {
      const width = Math.max(...facts.map(([label]) => label.length));
      for (const [label, cell] of facts) {
        stream.write(`${styleText('bold', label.padEnd(width), { stream })}${gap}${paint(cell, textOf(cell))}\n`);
      }
    },
  };
}

function textOf(cell: Cell): string {
  const text = typeof cell === 'object' && cell !== null ? cell.text : (cell ?? '–');
  return terminalSafe(String(text));
}

/** Shrinks the widest columns, one after the other, until the line fits or each is as narrow as still tells something. */
function shrink(widths: readonly number[], widthMax: number | undefined): readonly number[] {
  const shrunk = [...widths];
  const gaps = gap.length * (widths.length - 1);
  let over = shrunk.reduce((sum, width) => sum + width, gaps) - (widthMax ?? Number.POSITIVE_INFINITY);
  while (over > 0) {
    const widest = Math.max(...shrunk);
    if (widest <= cutWidthMin) break;
    const next = Math.max(cutWidthMin, ...shrunk.filter((width) => width < widest));
    const less = Math.min(over, widest - next);
    shrunk[shrunk.indexOf(widest)] = widest - less;
    over -= less;
  }
  return shrunk;
}

/** Cuts in the middle: of a path both the folder and the file tell something. A time loses what matters least. */
function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const time = /^\d{4}-(\d\d-\d\dT\d\d:\d\d):\d\d\.\d{3}Z$/.exec(text);
  if (time !== null) return width < 20 ? `${time[1]}Z` : `${text.slice(0, 19)}Z`;
  const chars = [...text];
  const half = Math.floor((width - 1) / 2);
  const head = take(chars, width - 1 - half);
  const tail = take(chars.toReversed(), half);
  return `${head.join('')}…${tail.toReversed().join('')}`;
}

function take(chars: readonly string[], width: number): readonly string[] {
  const taken: string[] = [];
  let left = width;
  for (const char of chars) {
    left -= widthOf(char);
    if (left < 0) break;
    taken.push(char);
  }
  return taken;
}

const zeroWidth = /\p{M}/u;
/** Wide and fullwidth in Unicode Standard Annex #11, by script and block. */
const doubleWidth =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns of a terminal. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += zeroWidth.test(char) ? 0 : doubleWidth.test(char) ? 2 : 1;
  return width;
}

/** The same JSON with nothing in it that a terminal would act on: JSON has an escape for every such character. */
function jsonSafe(json: string): string {
  return json.replace(/[\p{Cf}\u007f-\u009f\u2028\u2029\p{Co}]/gu, (char) =>
    [...Array(char.length).keys()].map((unit) => `\\u${char.charCodeAt(unit).toString(16).padStart(4, '0')}`).join(''),
  );
}
