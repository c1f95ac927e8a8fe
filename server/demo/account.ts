import { styleText } from 'node:util';
import type { Clock } from '../../shared/clock.ts';
import { terminalSafe } from '../../shared/name.ts';

/** Tells what happens, with the seconds since the demo began. With --json nothing but the summary goes to standard output. */
export interface Account {
  say(word: string, sentence: string, tone?: Tone): void;
  elapsedMs(): number;
}

export type Tone = 'plain' | 'good' | 'bad' | 'wait';
const styles = { plain: 'bold', good: 'green', bad: 'red', wait: 'yellow' } as const;

export function openAccount(clock: Clock, stream: NodeJS.WriteStream): Account {
  const start = clock.monotonic();
  const elapsedMs = () => clock.monotonic() - start;
  return {
    elapsedMs,
    say: (word, sentence, tone = 'plain') => {
      const seconds = (elapsedMs() / 1000).toFixed(2).padStart(7);
      // styleText looks at the stream, NO_COLOR and FORCE_COLOR by itself.
      stream.write(
        `${styleText('dim', seconds, { stream })}  ${styleText(styles[tone], word.padEnd(10), { stream })} ${terminalSafe(sentence)}\n`,
      );
    },
  };
}
