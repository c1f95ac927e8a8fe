import { useQuery } from '@tanstack/react-query';
import { approvalsQuery } from '../api/decision-queries.ts';
import type { ApprovalRequest } from '../api/types.ts';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { RequestPanel } from './request-panel.tsx';

const order: Readonly<Record<ApprovalRequest['state'], number>> = { waiting: 0, refused: 1, approved: 2, void: 3 };

/** What waits for a person, and what people have said. */
export function ApprovalsPage() {
  const approvals = useQuery(approvalsQuery);
  return (
    <>
      <ScreenHead title="Approvals">
        A yes is bound to all that stands in the request, and to nothing else. Whoever applied the policy or promoted
        the image cannot give it.
      </ScreenHead>
      <Reading what="the requests" query={approvals}>
        {({ items, cut }) => (
          <>
            {items.length === 0 && (
              <Panel title="Nothing waits for an approval">
                <Note>
                  A policy with <code>approval</code> asks here before anything of it starts. Requests that nobody can
                  use any more are not shown: <code>pristinectl approvals list --all</code> has them.
                </Note>
              </Panel>
            )}
            {items
              .toSorted((a, b) => order[a.state] - order[b.state])
              .map((request) => (
                <RequestPanel key={request.id} request={request} />
              ))}
            {cut && <Note>Older ones are not shown.</Note>}
          </>
        )}
      </Reading>
    </>
  );
}
