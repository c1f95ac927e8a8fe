import { useQuery } from '@tanstack/react-query';
import { instancesQuery, planQuery } from '../api/queries.ts';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Problem } from '../parts/problem.tsx';
import { count, plural } from '../words/numbers.ts';
import { Blockers } from './blockers.tsx';
import { Cause } from './cause.tsx';
import styles from './replacements.module.css';

/** More than this wait for the same reasons; they are counted. */
const shownMax = 50;

/** What the planner would do in a group now, and why it does not do the rest. Nothing where nothing waits. */
export function PlanPanel({ group }: { readonly group: string }) {
  const plan = useQuery(planQuery(group));
  const instances = useQuery(instancesQuery);
  if (plan.error !== null)
    return <Problem what={`the plan of ${group}`} error={plan.error} retry={() => void plan.refetch()} />;
  if (plan.data === undefined || plan.data.blocked.length + plan.data.commands.length === 0) return null;
  const { commands, blocked, computedAt } = plan.data;
  const providerIdOf = (id: string) => instances.data?.items.find((instance) => instance.id === id)?.providerId ?? null;
  return (
    <Panel
      title={`${plural(commands.length + blocked.length, 'instance waits', 'instances wait')} in ${group}`}
      aside={
        <span className={styles['quiet']}>
          planned <Moment at={computedAt} />
        </span>
      }
    >
      <ul className={styles['waiting']}>
        {commands.map(({ instanceId, cause, target, policy }) => (
          <li key={`${policy} ${instanceId}`}>
            <InstanceLink id={instanceId} providerId={providerIdOf(instanceId)} />{' '}
            <span className={styles['quiet']}>
              <Cause cause={cause} /> · next, by {policy}, with {target.name}@{target.version}
            </span>
          </li>
        ))}
        {blocked.slice(0, shownMax).map(({ instanceId, cause, policy, blockers }) => (
          <li key={`${policy} ${instanceId}`}>
            <InstanceLink id={instanceId} providerId={providerIdOf(instanceId)} />{' '}
            <span className={styles['quiet']}>
              <Cause cause={cause} /> · policy {policy}
            </span>
            <Blockers policy={policy} blockers={blockers} />
          </li>
        ))}
      </ul>
      {blocked.length > shownMax && <p className={styles['note']}>… and {count(blocked.length - shownMax)} more.</p>}
    </Panel>
  );
}
