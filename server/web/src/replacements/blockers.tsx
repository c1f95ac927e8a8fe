import type { PlanView } from '../api/types.ts';
import { Icon } from '../parts/icon.tsx';
import { Moment } from '../parts/moment.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import styles from './replacements.module.css';

type Blocker = PlanView['blocked'][number]['blockers'][number];

/** What stands between a policy and one replacement, and until when where that is known. */
export function Blockers({ policy, blockers }: { readonly policy: string; readonly blockers: readonly Blocker[] }) {
  return (
    <ul className={styles['blockers']} aria-label={`Held by policy ${policy}`}>
      {blockers.map(({ kind, message, until }) => (
        <li key={`${kind} ${message}`}>
          <span className={styles['kind']} data-tone="warn">
            <Icon name="hand" /> {kind}
          </span>
          <span>
            <Untrusted text={message} mono={false} />
            {until !== null && (
              <span className={styles['quiet']}>
                {' '}
                (until <Moment at={until} />)
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
