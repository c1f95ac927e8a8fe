import type { Mark } from '../words/marks.ts';
import { Icon } from './icon.tsx';
import styles from './state-mark.module.css';

/** A state as symbol and word. `quiet` leaves the colour away, for the usual state that needs no eye. */
export function StateMark({ mark, quiet = false }: { readonly mark: Mark; readonly quiet?: boolean }) {
  return (
    <span className={styles['mark']} data-tone={quiet ? 'none' : mark.tone} title={mark.meaning}>
      <Icon name={mark.symbol} />
      {mark.word}
    </span>
  );
}
