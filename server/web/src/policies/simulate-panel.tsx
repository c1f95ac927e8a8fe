import { Button, NativeSelect } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { simulatePolicy } from '../api/decisions.ts';
import { instancesQuery } from '../api/queries.ts';
import type { PolicyDocument, SimulatedPlan, Simulation } from '../api/types.ts';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Problem } from '../parts/problem.tsx';
import { Note, Quiet, Rows } from '../parts/rows.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { Cause } from '../replacements/cause.tsx';
import { count, plural } from '../words/numbers.ts';
import { BacktestFacts } from './backtest-facts.tsx';
import styles from './policies.module.css';

const spans = [
  { value: '0', label: 'now only' },
  { value: '7', label: 'and the last 7 days' },
  { value: '30', label: 'and the last 30 days' },
];

/** What a policy would do, by the code that does it. Nothing is changed by asking. */
export function SimulatePanel({ policy }: { readonly policy: PolicyDocument }) {
  const [days, setDays] = useState('0');
  const simulation = useMutation({ mutationFn: () => simulatePolicy(policy, Number(days)) });
  return (
    <Panel title="What would it do?">
      <div className={styles['ask']}>
        <NativeSelect
          label="Simulate"
          size="xs"
          data={spans}
          value={days}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Button size="xs" variant="default" loading={simulation.isPending} onClick={() => simulation.mutate()}>
          What would it do?
        </Button>
      </div>
      {simulation.error !== null && (
        <Problem what="the simulation" error={simulation.error} retry={() => simulation.mutate()} />
      )}
      <div role="status" aria-label="Simulation">
        {simulation.data !== undefined && <Simulated simulation={simulation.data} mode={policy.mode} />}
      </div>
    </Panel>
  );
}

function Simulated({ simulation, mode }: { readonly simulation: Simulation; readonly mode: PolicyDocument['mode'] }) {
  const { asWritten, enforced, backtest, warnings, computedAt } = simulation;
  return (
    <>
      <Note>
        Planned <Moment at={computedAt} />; nothing was changed.
      </Note>
      {warnings.map((warning) => (
        <Note key={warning}>
          <Untrusted text={warning} mono={false} />
        </Note>
      ))}
      <Planned title={mode === 'enforce' ? 'Now' : 'Now, as it is written: it only observes'} plan={asWritten} />
      {mode === 'observe' && <Planned title="Now, if it enforced" plan={enforced} />}
      {backtest !== null && <BacktestFacts backtest={backtest} />}
    </>
  );
}

const commandsShown = 20;

function Planned({ title, plan }: { readonly title: string; readonly plan: SimulatedPlan }) {
  const { candidates, commands, heldBack, trips } = plan;
  const instances = useQuery(instancesQuery);
  const providerIdOf = (id: string) => instances.data?.items.find((instance) => instance.id === id)?.providerId ?? null;
  return (
    <>
      <h3 className={styles['subhead']}>{title}</h3>
      <p>
        It wants {plural(candidates, 'instance')} replaced, and would begin with {count(commands.length)}.
      </p>
      {trips.map(({ group, cause }) => (
        <Note key={group}>
          The breaker of {group} would open: <Untrusted text={cause} mono={false} />
        </Note>
      ))}
      {commands.length > 0 && (
        <ul>
          {commands.slice(0, commandsShown).map(({ instanceId, group, cause, target }) => (
            <li key={instanceId}>
              <InstanceLink id={instanceId} providerId={providerIdOf(instanceId)} />{' '}
              <Quiet>
                {group} · <Cause cause={cause} /> · with {target.name}@{target.version}
              </Quiet>
            </li>
          ))}
          {commands.length > commandsShown && <li>… and {count(commands.length - commandsShown)} more</li>}
        </ul>
      )}
      {heldBack.length > 0 && (
        <Rows
          label={`${title}: held back`}
          heads={['Held back by', 'Instances']}
          rows={heldBack.map(({ kind, instances: held }) => ({ key: kind, cells: [kind, count(held)] }))}
        />
      )}
    </>
  );
}
