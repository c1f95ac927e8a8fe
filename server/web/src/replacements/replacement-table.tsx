import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Replacement } from '../api/types.ts';
import { useNow } from '../parts/clock.ts';
import { Moment } from '../parts/moment.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { replacementMarks } from '../words/marks.ts';
import { count } from '../words/numbers.ts';
import { tookOf } from '../words/time.ts';
import { Cause } from './cause.tsx';
import styles from './replacements.module.css';
import { isUnderWay } from './under-way.ts';

const step = 100;

export function ReplacementTable({
  replacements,
  label,
}: {
  readonly replacements: readonly Replacement[];
  readonly label: string;
}) {
  const [shown, setShown] = useState(step);
  const now = useNow();
  return (
    <>
      <table className={styles['table']} aria-label={label}>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Old → new</th>
            <th scope="col">Cause</th>
            <th scope="col">Started</th>
            <th scope="col">Took</th>
            <th scope="col">Proof</th>
          </tr>
        </thead>
        <tbody>
          {replacements.slice(0, shown).map((replacement) => (
            <tr key={replacement.id}>
              <td>
                <StateMark mark={replacementMarks[replacement.state]} />
              </td>
              <td>
                <Link to="/replacements/$id" params={{ id: replacement.id }}>
                  <Untrusted text={replacement.oldProviderId} mono={false} /> →{' '}
                  <Untrusted text={replacement.newProviderId ?? '…'} mono={false} />
                </Link>
                <span className={styles['under']}>
                  {replacement.group} · {replacement.target.name}@{replacement.target.version}
                </span>
              </td>
              <td>
                <Cause cause={replacement.cause} />
              </td>
              <td>
                <Moment at={replacement.createdAt} />
              </td>
              <td data-label="Took">
                {tookOf(
                  replacement.createdAt,
                  isUnderWay(replacement) ? new Date(now).toISOString() : replacement.updatedAt,
                )}
              </td>
              <td data-label="Proof">
                {replacement.proof === null ? <span className={styles['quiet']}>none yet</span> : 'signed'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {replacements.length > shown && (
        <Button variant="default" size="xs" mt="sm" onClick={() => setShown(shown + step)}>
          Show {Math.min(step, replacements.length - shown)} more of {count(replacements.length)}
        </Button>
      )}
    </>
  );
}
