import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { groupsQuery, replacementsQuery } from '../api/queries.ts';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { plural } from '../words/numbers.ts';
import { PlanPanel } from './plan-panel.tsx';
import { ReplacementTable } from './replacement-table.tsx';
import styles from './replacements.module.css';
import { isUnderWay } from './under-way.ts';

/** What is being replaced, what waits and for what, and what was replaced. */
export function ReplacementsPage() {
  const replacements = useQuery(replacementsQuery);
  const groups = useQuery(groupsQuery);
  return (
    <>
      <title>Replacements · Pristine</title>
      <Title order={1} size="h2">
        Replacements
      </Title>
      <Reading what="the replacements" query={replacements}>
        {({ items, cut }) => {
          const underWay = items.filter(isUnderWay);
          const ended = items.filter((item) => !isUnderWay(item));
          return (
            <>
              <Panel
                title={
                  underWay.length === 0
                    ? 'Nothing is being replaced'
                    : `${plural(underWay.length, 'replacement')} under way`
                }
              >
                {underWay.length === 0 ? (
                  <p className={styles['note']}>
                    A replacement starts when an enforcing policy finds a cause and nothing blocks it.
                  </p>
                ) : (
                  <ReplacementTable replacements={underWay} label="Under way" />
                )}
              </Panel>
              <Reading what="the groups" query={groups}>
                {({ items: all }) => all.map(({ group }) => <PlanPanel key={group.name} group={group.name} />)}
              </Reading>
              {ended.length > 0 && (
                <Panel title="Ended">
                  <ReplacementTable replacements={ended} label="Ended" />
                  {cut && <p className={styles['note']}>Older ones are not shown; pristinectl lists them all.</p>}
                </Panel>
              )}
            </>
          );
        }}
      </Reading>
    </>
  );
}
