import { getRouteApi, Link } from '@tanstack/react-router';
import type { GroupView } from '../api/types.ts';
import { Icon } from '../parts/icon.tsx';
import { contentMarks } from '../words/marks.ts';
import { plural } from '../words/numbers.ts';
import styles from './group-strip.module.css';

const route = getRouteApi('/');
const verdicts = ['drifted', 'unverifiable', 'in_sync'] as const;

/** The groups, each with what its instances say; choosing one narrows the list beneath to it. */
export function GroupStrip({ groups }: { readonly groups: readonly GroupView[] }) {
  const search = route.useSearch();
  return (
    <ul className={styles['strip']} aria-label="Groups">
      {groups.map((view) => {
        const { name } = view.group;
        const chosen = search.group === name;
        const { group: _group, ...others } = search;
        return (
          <li key={name}>
            <Link
              to="/"
              search={chosen ? others : { ...search, group: name }}
              className={styles['card']}
              data-chosen={chosen}
              title={chosen ? 'Show all groups' : 'Show this group only'}
              resetScroll={false}
              activeProps={{}}
            >
              <span className={styles['name']}>{name} </span>
              <span className={styles['size']}>{plural(view.size, 'instance')} </span>
              <Bar content={view.content} />
              <span className={styles['counts']}>
                {verdicts.map((verdict) => (
                  <span key={verdict} data-tone={contentMarks[verdict].tone} data-none={view.content[verdict] === 0}>
                    <Icon name={contentMarks[verdict].symbol} /> {view.content[verdict]}{' '}
                    {`${contentMarks[verdict].word} `}
                  </span>
                ))}
              </span>
              <span className={styles['more']}>{moreOf(view)}</span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

function moreOf({ tainted, replacing, breaker }: GroupView): string {
  const parts = [`${tainted} tainted`, `${replacing} replacing`];
  if (breaker !== null) parts.push('breaker tripped');
  return parts.join(' · ');
}

/** Only repeats the counts beside it. */
function Bar({ content }: { readonly content: GroupView['content'] }) {
  const present = verdicts.filter((verdict) => content[verdict] > 0);
  return (
    <span className={styles['bar']} aria-hidden="true">
      {present.map((verdict) => (
        <span key={verdict} data-tone={contentMarks[verdict].tone} style={{ flexGrow: content[verdict] }} />
      ))}
    </span>
  );
}
