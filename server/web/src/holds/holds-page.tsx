import { useQuery } from '@tanstack/react-query';
import { holdsQuery } from '../api/decision-queries.ts';
import { groupsQuery, instancesQuery } from '../api/queries.ts';
import type { Hold } from '../api/types.ts';
import { Acts } from '../parts/act.tsx';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Rows } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { plural } from '../words/numbers.ts';
import { HoldGroup } from './hold-group.tsx';
import { LiftHold } from './lift-hold.tsx';
import { StopEverything } from './stop-everything.tsx';

/** What nothing is replaced in, because a person said so. */
export function HoldsPage() {
  const holds = useQuery(holdsQuery);
  const groups = useQuery(groupsQuery);
  return (
    <>
      <ScreenHead
        title="Holds"
        acts={
          <Acts>
            <HoldGroup groups={groups.data?.items.map(({ group }) => group.name) ?? []} />
            <StopEverything />
          </Acts>
        }
      >
        While a hold is in force nothing is replaced where it is on. One instance is held on its own page.
      </ScreenHead>
      <Reading what="the holds" query={holds}>
        {({ items }) => (
          <Panel title={items.length === 0 ? 'Nothing is held' : `${plural(items.length, 'hold')} in force`}>
            {items.length === 0 ? (
              <Note>Holds that are over are in the audit.</Note>
            ) : (
              <Rows
                label="Holds"
                heads={['Held', 'By', 'Since', 'Until', 'Reason', 'Lift']}
                rows={items.map((hold) => ({
                  key: hold.id,
                  cells: [
                    <Held key="held" hold={hold} />,
                    <Untrusted key="by" text={hold.author} mono={false} />,
                    <Moment key="since" at={hold.createdAt} />,
                    hold.expiresAt === null ? 'it is lifted' : <Moment key="until" at={hold.expiresAt} />,
                    <Untrusted key="reason" text={hold.reason} mono={false} />,
                    <LiftHold key="lift" hold={hold} />,
                  ],
                }))}
              />
            )}
          </Panel>
        )}
      </Reading>
    </>
  );
}

function Held({ hold: { scope, target, group } }: { readonly hold: Hold }) {
  const instances = useQuery(instancesQuery);
  switch (scope) {
    case 'all':
      return <strong>everything</strong>;
    case 'group':
      return <>group {group}</>;
    case 'instance': {
      const id = target ?? '';
      const providerId = instances.data?.items.find((instance) => instance.id === id)?.providerId ?? null;
      return (
        <>
          instance <InstanceLink id={id} providerId={providerId} /> of {group}
        </>
      );
    }
    default:
      return scope satisfies never;
  }
}
