import { useQuery } from '@tanstack/react-query';
import { absentQuery } from '../api/decision-queries.ts';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Rows } from '../parts/rows.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { livenessMarks } from '../words/marks.ts';
import { plural } from '../words/numbers.ts';

/** Machines without an agent: no agent, no instance, so they are no rows of the list beneath. Nothing where there are none. */
export function AbsentPanel() {
  const absent = useQuery(absentQuery);
  return (
    <Reading what="machines without an agent" query={absent}>
      {({ items }) =>
        items.length > 0 && (
          <Panel title={`${plural(items.length, 'machine')} without an agent`}>
            <Rows
              label="Machines without an agent"
              heads={['Machine', 'Liveness', 'Group', 'Zone', 'Listed since']}
              rows={items.map(({ group, providerId, zone, liveness, listedSince }) => ({
                key: `${group} ${providerId}`,
                cells: [
                  <Untrusted key="machine" text={providerId} mono={false} />,
                  <StateMark key="liveness" mark={livenessMarks[liveness]} />,
                  group,
                  zone ?? 'not known',
                  <Moment key="since" at={listedSince} />,
                ],
              }))}
            />
            <Note>
              Nothing is replaced for them. Look whether the agent starts there, and whether it can reach this server.
            </Note>
          </Panel>
        )
      }
    </Reading>
  );
}
