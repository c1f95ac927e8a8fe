import { useQuery } from '@tanstack/react-query';
import { callerQuery } from '../api/decision-queries.ts';
import styles from './shell.module.css';

/** Whom the token speaks for, so that nobody wonders why a button is dead. */
export function CallerMark() {
  const caller = useQuery(callerQuery);
  if (caller.data === undefined) return null;
  const { name, role } = caller.data;
  return <span className={styles['caller']}>{name === role ? name : `${name}, ${role}`}</span>;
}
