import { useQuery } from '@tanstack/react-query';
import { quarantinesQuery } from '../api/decision-queries.ts';
import type { Quarantine } from '../api/types.ts';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Quiet, Rows } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { quarantineMarks } from '../words/decision-marks.ts';
import { severityMarks } from '../words/marks.ts';
import { plural } from '../words/numbers.ts';
import { KeepOrEnd } from './keep-or-end.tsx';
import { OrphansPanel } from './orphans-panel.tsx';

/** Machines that are kept as evidence, for whom and for how long; and what nobody owns. */
export function QuarantinesPage() {
  const quarantines = useQuery(quarantinesQuery);
  return (
    <>
      <ScreenHead title="Quarantine">
        Machines that drifted are isolated and copied before anything of them ends, so that drift erases no evidence.
      </ScreenHead>
      <Reading what="the quarantines" query={quarantines}>
        {({ items }) => (
          <Panel title={items.length === 0 ? 'Nothing is kept' : `${plural(items.length, 'machine')} kept`}>
            {items.length === 0 ? (
              <Note>
                A policy with <code>quarantine</code> keeps what it replaces; a person keeps an instance on its own
                page.
              </Note>
            ) : (
              <Rows
                label="Kept machines"
                heads={['Machine', 'State', 'Owner and reason', 'Ends', 'Copy of its disk', 'Decide']}
                rows={items.map((kept) => ({ key: kept.id, cells: cellsOf(kept) }))}
              />
            )}
          </Panel>
        )}
      </Reading>
      <OrphansPanel />
    </>
  );
}

function cellsOf(kept: Quarantine) {
  const { instanceId, providerId, group, state, severity, owner, reason, error } = kept;
  return [
    <div key="machine">
      <InstanceLink id={instanceId} providerId={providerId} />
      <div>
        <Quiet>{group}</Quiet>
      </div>
    </div>,
    <div key="state">
      <StateMark mark={quarantineMarks[state]} /> {severity !== null && <StateMark mark={severityMarks[severity]} />}
      {error !== null && (
        <div>
          <Untrusted text={error} mono={false} />
        </div>
      )}
    </div>,
    <div key="owner">
      <Untrusted text={owner} mono={false} />
      <div>
        <Quiet>
          <Untrusted text={reason} mono={false} />
        </Quiet>
      </div>
    </div>,
    <Ends key="ends" kept={kept} />,
    <Copy key="copy" kept={kept} />,
    <KeepOrEnd key="decide" kept={kept} />,
  ];
}

function Ends({ kept: { replacementId, expiresAt, releasedAt } }: { readonly kept: Quarantine }) {
  if (releasedAt !== null)
    return (
      <>
        released <Moment at={releasedAt} />
      </>
    );
  if (replacementId === null) return <Quiet>not by itself: nothing has taken its place</Quiet>;
  return <Moment at={expiresAt} />;
}

function Copy({ kept: { snapshotId, snapshotAt } }: { readonly kept: Quarantine }) {
  if (snapshotId === null) return <Quiet>none</Quiet>;
  return (
    <>
      <Untrusted text={snapshotId} />
      {snapshotAt !== null && (
        <div>
          <Untrusted text={snapshotAt} />
        </div>
      )}
    </>
  );
}
