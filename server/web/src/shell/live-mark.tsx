import { type LiveState, liveState } from '../api/live.ts';
import { useSignal } from '../api/signal.ts';
import { StateMark } from '../parts/state-mark.tsx';
import type { Mark } from '../words/marks.ts';

const marks: Record<LiveState, Mark> = {
  connecting: { symbol: 'clock', word: 'connecting', tone: 'quiet', meaning: 'Opening the stream of changes.' },
  live: { symbol: 'dot', word: 'live', tone: 'ok', meaning: 'Changes appear as they happen.' },
  interrupted: {
    symbol: 'silent',
    word: 'not live',
    tone: 'warn',
    meaning: 'The stream of changes broke and is being opened again. What is shown may be old.',
  },
};

/** Whether what is on the page is current. */
export function LiveMark() {
  const state = useSignal(liveState);
  return (
    <span role="status" aria-label="Connection to the server">
      <StateMark mark={marks[state]} />
    </span>
  );
}
