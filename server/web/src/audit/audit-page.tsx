import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { auditQuery } from '../api/decision-queries.ts';
import type { AuditEntry } from '../api/types.ts';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Quiet, Rows } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { Untrusted } from '../parts/untrusted.tsx';

/** What people decided and what was done, the latest first. */
export function AuditPage() {
  const audit = useQuery(auditQuery);
  return (
    <>
      <ScreenHead title="Audit">
        Every decision of a person and every transition, chained by hash. This page only shows them:{' '}
        <code>pristinectl audit verify</code> reads all and checks the chain.
      </ScreenHead>
      <Reading what="the audit" query={audit}>
        {({ items, nextCursor }) => (
          <Panel title="Latest entries">
            {items.length === 0 ? (
              <Note>Nothing yet.</Note>
            ) : (
              <Rows
                label="Audit"
                heads={['Entry', 'When', 'Who', 'What', 'About', 'With']}
                rows={items.map((entry) => ({ key: String(entry.n), cells: cellsOf(entry) }))}
              />
            )}
            {nextCursor !== null && (
              <Note>
                Older ones: <code>pristinectl audit list</code>.
              </Note>
            )}
          </Panel>
        )}
      </Reading>
    </>
  );
}

function cellsOf(entry: AuditEntry) {
  const { n, at, actor, what, data } = entry;
  const reason = data['reason'];
  return [
    n,
    <Moment key="at" at={at} />,
    <Untrusted key="who" text={actor} mono={false} />,
    what,
    <About key="about" entry={entry} />,
    <div key="with">
      {typeof reason === 'string' && <Untrusted text={reason} mono={false} />}
      {Object.keys(data).length > 0 && (
        <details>
          <summary>
            <Quiet>{`entry ${n}`}</Quiet>
          </summary>
          <Untrusted text={JSON.stringify(data)} />
        </details>
      )}
    </div>,
  ];
}

function About({ entry: { group, instanceId, replacementId } }: { readonly entry: AuditEntry }) {
  return (
    <>
      {group}
      {instanceId !== null && (
        <div>
          <InstanceLink id={instanceId} providerId={null} />
        </div>
      )}
      {replacementId !== null && (
        <div>
          <Link to="/replacements/$id" params={{ id: replacementId }}>
            replacement …{replacementId.slice(-6)}
          </Link>
        </div>
      )}
    </>
  );
}
