import type { Replacement } from '../api/types.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { replacementMarks } from '../words/marks.ts';
import { clockOf, tookOf, utc } from '../words/time.ts';
import styles from './steps.module.css';
import { isUnderWay } from './under-way.ts';

type State = Replacement['state'];

const way: readonly State[] = [
  'reserved',
  'launching',
  'verifying',
  'draining',
  'terminating',
  'proving',
  'soaking',
  'succeeded',
];

/** Which goes first is its own; what is kept is quarantined in place of being ended. */
function wayOf({ order, steps }: Replacement): readonly State[] {
  const isKept = steps.some(({ state }) => state === 'quarantining');
  const own = way.map((state) => (isKept && state === 'terminating' ? 'quarantining' : state));
  if (order === 'launch-first') return own;
  const made: readonly State[] = ['launching', 'verifying'];
  const [reserved, drained, others] = [own.slice(0, 1), own.slice(3, 5), own.slice(5)];
  return [...reserved, ...drained, ...made, ...others];
}

/** The way so far with its times, and what is still to come. */
export function Steps({ replacement }: { readonly replacement: Replacement }) {
  const { steps } = replacement;
  const own = wayOf(replacement);
  const ahead = own.includes(replacement.state) ? own.slice(own.indexOf(replacement.state) + 1) : [];
  return (
    <ol className={styles['steps']}>
      {steps.map(({ state, at, detail }, index) => {
        const next = steps[index + 1];
        const isLast = next === undefined;
        return (
          <li
            key={`${state} ${at} ${detail}`}
            data-now={isLast && isUnderWay(replacement)}
            data-tone={toneOf(state, isLast)}
          >
            <span className={styles['bullet']}>
              <Icon name={symbolOf(state, isLast)} />
            </span>
            <span className={styles['what']}>
              <strong>{replacementMarks[state].word}</strong>
              {(state === 'terminating' || state === 'quarantining') && (
                <em className={styles['quiet']}> no way back from here</em>
              )}
              {detail !== '' && (
                <span className={styles['detail']}>
                  <Untrusted text={detail} mono={false} />
                </span>
              )}
            </span>
            <span className={styles['when']}>
              <time dateTime={at} title={utc(at)}>
                {clockOf(at)}
              </time>
              <span className={styles['took']}> {next !== undefined && tookOf(at, next.at)}</span>
            </span>
          </li>
        );
      })}
      {ahead.map((state) => (
        <li key={state} className={styles['ahead']}>
          <span className={styles['bullet']} />
          <span className={styles['what']}>
            {replacementMarks[state].word}
            <span className={styles['srOnly']}> (still to come)</span>
          </span>
        </li>
      ))}
    </ol>
  );
}

/** A step that was left behind is done; only the last one shows its own state. */
function symbolOf(state: State, isLast: boolean): IconName {
  return isLast ? replacementMarks[state].symbol : 'check';
}

function toneOf(state: State, isLast: boolean) {
  return isLast ? replacementMarks[state].tone : 'quiet';
}
