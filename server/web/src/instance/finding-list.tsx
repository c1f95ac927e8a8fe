import { Button } from '@mantine/core';
import { useState } from 'react';
import type { InstanceFinding } from '../api/types.ts';
import { Panel } from '../parts/panel.tsx';
import { RelabelSentence } from '../parts/relabel.tsx';
import { count, plural } from '../words/numbers.ts';
import { FindingCard } from './finding-card.tsx';
import styles from './instance.module.css';

const step = 50;
const order: readonly string[] = ['critical', 'high', 'medium', 'low', 'info'];

/** What differs, worst first; what was closed since is kept apart. */
export function FindingList({
  findings,
  cut,
}: {
  readonly findings: readonly InstanceFinding[];
  readonly cut: boolean;
}) {
  const open = findings.filter(({ closedAt }) => closedAt === null).toSorted(bySeverity);
  const closed = findings.filter(({ closedAt }) => closedAt !== null);
  const alone = open.filter(({ beneath }) => beneath === null);
  return (
    <Panel title={open.length === 0 ? 'Findings' : plural(open.length, 'open finding')}>
      {open.length === 0 && <p className={styles['count']}>No open finding.</p>}
      <Cards findings={alone} />
      {Object.entries(Object.groupBy(open, ({ beneath }) => beneath ?? '')).map(
        ([relabel, beneath = []]) => relabel !== '' && <Relabel key={relabel} beneath={beneath} />,
      )}
      {cut && <p className={styles['count']}>There are more than this page reads; pristinectl lists them all.</p>}
      {closed.length > 0 && (
        <details className={styles['details']}>
          <summary>{plural(closed.length, 'closed finding')}</summary>
          <Cards findings={closed} />
        </details>
      )}
    </Panel>
  );
}

/** What was done to a whole tree at once is one thing to read; the files are there for who wants to see them. */
function Relabel({ beneath }: { readonly beneath: readonly InstanceFinding[] }) {
  return (
    <details className={styles['details']}>
      <summary>
        <RelabelSentence attributes={beneath[0]?.attributes ?? []} files={beneath.length} />
      </summary>
      <Cards findings={beneath} />
    </details>
  );
}

/** A replaced root can have a hundred thousand findings: they are put into the page as they are asked for. */
function Cards({ findings }: { readonly findings: readonly InstanceFinding[] }) {
  const [shown, setShown] = useState(step);
  return (
    <>
      <ul className={styles['findings']}>
        {findings.slice(0, shown).map((finding) => (
          <FindingCard key={`${finding.fingerprint} ${finding.firstSeenAt}`} finding={finding} />
        ))}
      </ul>
      {findings.length > shown && (
        <Button variant="default" size="xs" mt="sm" onClick={() => setShown(shown + step)}>
          Show {Math.min(step, findings.length - shown)} more of {count(findings.length)}
        </Button>
      )}
    </>
  );
}

function bySeverity(a: InstanceFinding, b: InstanceFinding): number {
  return order.indexOf(a.severity) - order.indexOf(b.severity) || (a.name < b.name ? -1 : 1);
}
