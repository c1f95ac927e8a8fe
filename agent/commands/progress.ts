import { terminalSafe } from '../../shared/name.ts';

/** One line on a terminal's standard error that is written over; nowhere else anything at all. */
export interface Progress {
  readonly show: (line: string) => void;
  readonly clear: () => void;
  /** A line that stays, on any standard error. */
  readonly say: (line: string) => void;
}

/** Each batch would be a flicker: one in so many is shown. */
const shownEvery = 8;
const eraseLine = '\r\x1b[2K';

export function openProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const say = (line: string) => void stream.write(`${terminalSafe(line)}\n`);
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined, say };
  let calls = 0;
  return {
    show: (line) => {
      if (calls++ % shownEvery === 0) stream.write(`${eraseLine}${line}`);
    },
    clear: () => {
      stream.write(eraseLine);
    },
    say: (line) => {
      stream.write(eraseLine);
      say(line);
    },
  };
}
