import { Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo } from 'react';
import { groupsQuery, instancesQuery } from '../api/queries.ts';
import type { Instance } from '../api/types.ts';
import { Reading } from '../parts/reading.tsx';
import { count, plural } from '../words/numbers.ts';
import { AbsentPanel } from './absent-panel.tsx';
import { BreakerBanner } from './breaker-banner.tsx';
import { Chips } from './chips.tsx';
import { EmptyFleet } from './empty-fleet.tsx';
import { chipCounts, filterInstances } from './filter.ts';
import styles from './fleet.module.css';
import type { FleetSearch } from './fleet-search.ts';
import { FleetTable } from './fleet-table.tsx';
import { GroupStrip } from './group-strip.tsx';
import { HoldBanner } from './hold-banner.tsx';
import { SearchBox } from './search-box.tsx';

const route = getRouteApi('/');

/** Every instance with its four states, what needs attention first. All that is chosen here stands in the address. */
export function FleetPage() {
  const groups = useQuery(groupsQuery);
  const instances = useQuery(instancesQuery);
  return (
    <>
      <title>Fleet · Pristine</title>
      <Title order={1} size="h2">
        Fleet
      </Title>
      <Reading what="the groups" query={groups}>
        {({ items }) => (
          <>
            <HoldBanner groups={items} />
            <BreakerBanner groups={items} />
            <GroupStrip groups={items} />
          </>
        )}
      </Reading>
      <AbsentPanel />
      <Reading what="the instances" query={instances}>
        {({ items, cut }) =>
          items.length === 0 ? (
            <EmptyFleet hasGroups={(groups.data?.items.length ?? 0) > 0} />
          ) : (
            <Instances all={items} cut={cut} />
          )
        }
      </Reading>
    </>
  );
}

function Instances({ all, cut }: { readonly all: readonly Instance[]; readonly cut: boolean }) {
  const search: FleetSearch = route.useSearch();
  const counts = useMemo(() => chipCounts(all, search), [all, search]);
  const shown = useMemo(() => filterInstances(all, search), [all, search]);
  const attention = all.filter(({ needsAttention }) => needsAttention).length;
  return (
    <section aria-label="Instances" className={styles['instances']}>
      <div className={styles['above']}>
        <Text role="status" className={styles['summary']}>
          {attention === 0
            ? 'Nothing needs attention.'
            : `${plural(attention, 'instance needs', 'instances need')} attention.`}{' '}
          <span className={styles['quiet']}>
            Showing {count(shown.length)} of {plural(all.length, 'instance')}
            {cut && ', which is as many as this page reads; narrow it with pristinectl'}.
          </span>
        </Text>
        <SearchBox />
      </div>
      <Chips counts={counts} />
      <FleetTable instances={shown} />
    </section>
  );
}
