import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { orphansQuery } from '../api/decision-queries.ts';
import type { Orphans } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Quiet, Rows } from '../parts/rows.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { plural } from '../words/numbers.ts';

const kinds: Readonly<Record<Orphans['items'][number]['kind'], string>> = {
  machine: 'a machine that was launched',
  mark: 'a machine that was drained or isolated',
  snapshot: 'a copy of a disk',
  record: 'a record whose machine is gone',
};

/** What providers have against what the records know. Nothing here is cleaned up by itself. */
export function OrphansPanel() {
  const orphans = useQuery(orphansQuery);
  return (
    <Reading what="the orphans" query={orphans}>
      {({ items, unasked, computedAt }) => (
        <Panel
          title={items.length === 0 ? 'No orphan was found' : plural(items.length, 'orphan')}
          aside={
            <Quiet>
              asked <Moment at={computedAt} />{' '}
              <Button
                size="compact-xs"
                variant="default"
                loading={orphans.isFetching}
                onClick={() => void orphans.refetch()}
              >
                Ask again
              </Button>
            </Quiet>
          }
        >
          {unasked.map(({ group, error }) => (
            <Note key={group}>
              The provider of {group} could not be asked, so nothing is known of it:{' '}
              <Untrusted text={error} mono={false} />
            </Note>
          ))}
          {items.length > 0 && (
            <Rows
              label="Orphans"
              heads={['What', 'Group', 'At the provider', 'Mark', 'Why']}
              rows={items.map(({ kind, group, providerId, snapshotId, key, why }) => ({
                key: `${kind} ${group} ${providerId} ${snapshotId} ${key}`,
                cells: [
                  kinds[kind],
                  group,
                  <Untrusted key="at" text={providerId ?? snapshotId ?? 'nothing'} />,
                  <Untrusted key="mark" text={key} />,
                  <Untrusted key="why" text={why} mono={false} />,
                ],
              }))}
            />
          )}
        </Panel>
      )}
    </Reading>
  );
}
