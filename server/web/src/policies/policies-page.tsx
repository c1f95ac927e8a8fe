import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { policiesQuery } from '../api/decision-queries.ts';
import type { PolicyDocument } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Rows } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { modeMarks } from '../words/decision-marks.ts';
import { plural } from '../words/numbers.ts';
import { partsText, selectText } from '../words/policy.ts';

export function PoliciesPage() {
  const policies = useQuery(policiesQuery);
  return (
    <>
      <ScreenHead title="Policies">
        What is replaced, why, when, and how many at once. A new policy only observes until a person says{' '}
        <code>enforce</code>.
      </ScreenHead>
      <Reading what="the policies" query={policies}>
        {({ items }) => (
          <Panel title={plural(items.length, 'policy', 'policies')}>
            {items.length === 0 ? (
              <Note>
                None yet: <code>pristinectl apply -f policy.yaml</code>.
              </Note>
            ) : (
              <Rows
                label="Policies"
                heads={['Policy', 'Mode', 'Selects', 'Triggers', 'Asks for', 'Changed']}
                rows={items.map(({ policy, version, updatedAt }) => ({
                  key: policy.name,
                  cells: [
                    <Link key="name" to="/policies/$name" params={{ name: policy.name }}>
                      {policy.name}
                    </Link>,
                    <StateMark key="mode" mark={modeMarks[policy.mode]} />,
                    selectText(policy.select),
                    policy.triggers.map(partsText).join('; '),
                    asksFor(policy),
                    <span key="changed">
                      version {version}, <Moment at={updatedAt} />
                    </span>,
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

function asksFor({ approval, quarantine }: PolicyDocument): string {
  const parts = [
    ...(approval?.required === true ? [plural(approval.count, 'approval')] : []),
    ...(quarantine === undefined ? [] : ['quarantine']),
  ];
  return parts.join(', ') || 'nothing more';
}
