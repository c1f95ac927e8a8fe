import { useQuery } from '@tanstack/react-query';
import { planQuery } from '../api/queries.ts';
import type { Instance } from '../api/types.ts';
import { Panel } from '../parts/panel.tsx';
import { Blockers } from '../replacements/blockers.tsx';

/** Why an instance that a policy would replace is not being replaced now. Nothing where no policy asks for it. */
export function NotReplaced({ instance }: { readonly instance: Instance }) {
  const plan = useQuery(planQuery(instance.group));
  const mine = plan.data?.blocked.filter(({ instanceId }) => instanceId === instance.id) ?? [];
  if (mine.length === 0) return null;
  return (
    <Panel title="Why it is not being replaced now">
      {mine.map(({ policy, blockers }) => (
        <Blockers key={policy} policy={policy} blockers={blockers} />
      ))}
    </Panel>
  );
}
