import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { policiesQuery, policyVersionsQuery } from '../api/decision-queries.ts';
import { lintPolicy } from '../api/decisions.ts';
import type { PolicyDocument, PolicyView } from '../api/types.ts';
import { Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Rows } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { modeMarks } from '../words/decision-marks.ts';
import { plural } from '../words/numbers.ts';
import { partsText, selectText } from '../words/policy.ts';
import styles from './policies.module.css';
import { SimulatePanel } from './simulate-panel.tsx';

const route = getRouteApi('/policies/$name');

/** One policy: what is odd about it, what it would do now, and who declared which version. */
export function PolicyPage() {
  const { name } = route.useParams();
  const policies = useQuery(policiesQuery);
  return (
    <>
      <p className={styles['crumbs']}>
        <Link to="/policies">Policies</Link> / policy
      </p>
      <Reading what="the policy" query={policies}>
        {({ items }) => {
          const view = items.find(({ policy }) => policy.name === name);
          if (view === undefined) return <ScreenHead title={name}>There is no such policy.</ScreenHead>;
          return <Screen view={view} />;
        }}
      </Reading>
    </>
  );
}

function Screen({ view: { policy, version, updatedAt } }: { readonly view: PolicyView }) {
  const { name, mode, select, triggers, approval, quarantine, windows, budgets } = policy;
  return (
    <>
      <ScreenHead title={name} acts={<StateMark mark={modeMarks[mode]} />}>
        {modeMarks[mode].meaning} Version {version}, <Moment at={updatedAt} />.
      </ScreenHead>
      <Warnings policy={policy} version={version} />
      <SimulatePanel key={version} policy={policy} />
      <Panel title="What it says">
        <Facts
          rows={[
            ['Selects', selectText(select)],
            ['Triggers', triggers.map(partsText).join('; ') || 'none: it replaces nothing'],
            ['Budgets', budgets.map(partsText).join('; ') || 'the defaults'],
            ['Windows', windows.length === 0 ? 'always' : `${windows.length}, see the document`],
            [
              'Approval',
              approval?.required === true
                ? `${plural(approval.count, 'person', 'different people')}, each for at most ${approval.for}`
                : 'none',
            ],
            [
              'Quarantine',
              quarantine === undefined ? 'none' : `from ${quarantine.severity}, for ${quarantine.keepFor}`,
            ],
          ]}
        />
        <details className={styles['details']}>
          <summary>The whole document</summary>
          <Document text={JSON.stringify(policy, null, 2)} />
        </details>
      </Panel>
      <Versions name={name} />
    </>
  );
}

function Warnings({ policy, version }: { readonly policy: PolicyDocument; readonly version: number }) {
  const warnings = useQuery({
    queryKey: ['lint', policy.name, version],
    queryFn: ({ signal }) => lintPolicy(policy, signal),
  });
  return (
    <Reading what="what is odd about it" query={warnings}>
      {(data) =>
        data.warnings.map(({ code, message }) => (
          <Alert
            key={`${code} ${message}`}
            color="yellow"
            variant="outline"
            mt="md"
            icon={<Icon name="alert" />}
            title={code.replaceAll('-', ' ')}
          >
            <Untrusted text={message} mono={false} />
          </Alert>
        ))
      }
    </Reading>
  );
}

function Versions({ name }: { readonly name: string }) {
  const versions = useQuery(policyVersionsQuery(name));
  return (
    <Reading what="the versions" query={versions}>
      {({ items, nextCursor }) => (
        <Panel title="Versions">
          <Rows
            label="Versions"
            heads={['Version', 'By', 'When', 'Mode', 'Document']}
            rows={items.map(({ version, actor, at, document }) => ({
              key: String(version),
              cells: [
                version,
                <Untrusted key="by" text={actor} mono={false} />,
                <Moment key="at" at={at} />,
                document?.kind === 'Policy' ? (
                  <StateMark key="mode" mark={modeMarks[document.mode]} quiet />
                ) : (
                  'not known'
                ),
                document === null ? (
                  'not readable by this release'
                ) : (
                  <details key="document">
                    <summary>{`Version ${version}`}</summary>
                    <Document text={JSON.stringify(document, null, 2)} />
                  </details>
                ),
              ],
            }))}
          />
          {nextCursor !== null && (
            <Note>
              Older ones: <code>pristinectl policies history {name}</code>.
            </Note>
          )}
        </Panel>
      )}
    </Reading>
  );
}

function Document({ text }: { readonly text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a place that scrolls must be reachable with the keyboard
    <pre className={styles['document']} tabIndex={0}>
      <Untrusted text={text} lines />
    </pre>
  );
}
