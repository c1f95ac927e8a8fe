import type { Simulation } from '../api/types.ts';
import { Facts } from '../parts/facts.tsx';
import { Rows } from '../parts/rows.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { count, plural } from '../words/numbers.ts';
import { tookOf, utc } from '../words/time.ts';
import styles from './policies.module.css';

/** What the policy would have done in the days before, had it enforced. */
export function BacktestFacts({ backtest }: { readonly backtest: NonNullable<Simulation['backtest']> }) {
  const { from, to, replaced, mostAtOnce, perDay, heldBack, trips, waiting, longestWaitMs } = backtest;
  return (
    <>
      <h3 className={styles['subhead']}>
        From {utc(from)} to {utc(to)}, if it had enforced
      </h3>
      <Facts
        rows={[
          ['Replaced', plural(replaced, 'instance')],
          ['Most at once', count(mostAtOnce)],
          ['On the busiest day', count(Math.max(0, ...perDay.map(({ started }) => started)))],
          ['Still waiting at the end', plural(waiting, 'instance')],
          ['Longest wait', tookOf(from, new Date(Date.parse(from) + longestWaitMs).toISOString())],
          ['Breakers', trips.length === 0 ? 'none opened' : plural(trips.length, 'opening')],
        ]}
      />
      {trips.map(({ at, group, cause }) => (
        <p key={`${at} ${group}`}>
          {utc(at)}, {group}: <Untrusted text={cause} mono={false} />
        </p>
      ))}
      {heldBack.length > 0 && (
        <Rows
          label="Held back in those days"
          heads={['Held back by', 'Instance hours', 'Most at once']}
          rows={heldBack.map(({ kind, instanceHours, mostAtOnce: most }) => ({
            key: kind,
            cells: [kind, count(Math.round(instanceHours)), count(most)],
          }))}
        />
      )}
    </>
  );
}
