import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { approvalsQuery } from '../api/decision-queries.ts';
import { plural } from '../words/numbers.ts';
import styles from './shell.module.css';

const active = { 'aria-current': 'page' } as const;

/** The screens, what is looked at most first. */
const screens = [
  ['/replacements', 'Replacements'],
  ['/approvals', 'Approvals'],
  ['/holds', 'Holds'],
  ['/quarantine', 'Quarantine'],
  ['/images', 'Images'],
  ['/policies', 'Policies'],
  ['/exemptions', 'Exemptions'],
  ['/audit', 'Audit'],
] as const;

export function ScreensNav() {
  return (
    <nav aria-label="Screens" className={styles['nav']}>
      <Link to="/" activeProps={active} activeOptions={{ exact: true, includeSearch: false }}>
        Fleet
      </Link>
      {screens.map(([to, name]) => (
        <Link key={to} to={to} activeProps={active}>
          {name}
          {to === '/approvals' && <Waiting />}
        </Link>
      ))}
    </nav>
  );
}

/** How many requests wait for a person; nothing while none does. */
function Waiting() {
  const approvals = useQuery(approvalsQuery);
  const waiting = (approvals.data?.items ?? []).filter(({ state }) => state === 'waiting').length;
  return (
    waiting > 0 && (
      <span className={styles['badge']} data-tone="warn">
        {waiting}
        <span className={styles['srOnly']}> {plural(waiting, 'waits', 'wait')} for a person</span>
      </span>
    )
  );
}
