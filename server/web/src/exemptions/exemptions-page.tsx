import { useQuery } from '@tanstack/react-query';
import { exemptionsQuery } from '../api/decision-queries.ts';
import { endExemption } from '../api/decisions.ts';
import type { ExemptionView } from '../api/types.ts';
import { Act } from '../parts/act.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Quiet, Rows } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { exemptionMarks } from '../words/decision-marks.ts';
import { plural } from '../words/numbers.ts';

/** Approved, scoped, expiring permission for a drift. */
export function ExemptionsPage() {
  const exemptions = useQuery(exemptionsQuery);
  return (
    <>
      <ScreenHead title="Exemptions">
        Each is for one difference, in a scope, with a reason, for at most 90 days. What it is for counts for nothing
        until then.
      </ScreenHead>
      <Reading what="the exemptions" query={exemptions}>
        {({ items }) => (
          <Panel title={items.length === 0 ? 'Nothing is exempted' : `${plural(items.length, 'exemption')} in force`}>
            {items.length === 0 ? (
              <Note>
                An approver declares one: <code>pristinectl apply -f exemption.yaml</code>.
              </Note>
            ) : (
              <Rows
                label="Exemptions"
                heads={['Exemption', 'For', 'Where', 'Declared', 'Ends', 'End it']}
                rows={items.map((view) => ({ key: view.exemption.name, cells: cellsOf(view) }))}
              />
            )}
          </Panel>
        )}
      </Reading>
    </>
  );
}

function cellsOf({ exemption, state, author, declaredAt, instances }: ExemptionView) {
  const { name, drift, image, group, reason, until } = exemption;
  return [
    <div key="name">
      <strong>{name}</strong> <StateMark mark={exemptionMarks[state]} />
      <div>
        <Quiet>
          <Untrusted text={reason} mono={false} />
        </Quiet>
      </div>
    </div>,
    'file' in drift ? (
      <span key="for">
        {drift.change} <Untrusted text={drift.file} />
      </span>
    ) : (
      <code key="for">{drift.fingerprint.slice(0, 16)}…</code>
    ),
    `${[group, image].filter((part) => part !== undefined).join(', ')} (${plural(instances, 'instance')} now)`,
    <span key="declared">
      <Untrusted text={author} mono={false} /> <Moment at={declaredAt} />
    </span>,
    <Moment key="ends" at={until} />,
    <Act
      key="end"
      label="End"
      title={`End the exemption ${name}`}
      needs="operator"
      send={({ reason: why = '' }) => endExemption(name, why)}
    >
      What it is for drifts and taints again, since it was first seen.
    </Act>,
  ];
}
