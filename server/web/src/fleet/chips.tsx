import { getRouteApi } from '@tanstack/react-router';
import { Icon } from '../parts/icon.tsx';
import { contentMarks, currencyMarks, lifecycleMarks, livenessMarks, type Mark } from '../words/marks.ts';
import { count } from '../words/numbers.ts';
import styles from './chips.module.css';
import { type Facet, facets, facetWords } from './filter.ts';
import { toggled, wordsOf } from './fleet-search.ts';

const route = getRouteApi('/');

const titles: Record<Facet, string> = {
  only: 'Attention',
  content: 'Content',
  liveness: 'Liveness',
  currency: 'Currency',
  lifecycle: 'Lifecycle',
};

const marks: Record<Facet, Record<string, Mark>> = {
  only: {
    attention: { symbol: 'alert', word: 'needs attention', tone: 'bad', meaning: 'A person should look at these.' },
    tainted: {
      symbol: 'stain',
      word: 'tainted',
      tone: 'bad',
      meaning: 'Drifted at some time, even if it was reverted.',
    },
  },
  content: contentMarks,
  liveness: livenessMarks,
  currency: currencyMarks,
  lifecycle: lifecycleMarks,
};

/** What to show, as chips that say how many each of them would. States that nobody is in are left out, unless chosen. */
export function Chips({ counts }: { readonly counts: ReadonlyMap<string, number> }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const chosenAny =
    facets.some((facet) => search[facet] !== undefined) || search.q !== undefined || search.group !== undefined;
  return (
    <div className={styles['chips']}>
      {facets.map((facet) => (
        <fieldset key={facet} className={styles['facet']}>
          <legend>{titles[facet]}</legend>
          {facetWords[facet]
            .filter((word) => counts.has(`${facet}:${word}`) || wordsOf(search[facet]).includes(word))
            .map((word) => (
              <button
                key={word}
                type="button"
                className={styles['chip']}
                title={marks[facet][word]!.meaning}
                aria-pressed={wordsOf(search[facet]).includes(word)}
                onClick={() =>
                  void navigate({
                    search: { ...search, [facet]: toggled(search[facet], word) },
                    replace: true,
                    resetScroll: false,
                  })
                }
              >
                <Icon name={marks[facet][word]!.symbol} />
                {`${marks[facet][word]!.word} `}
                <span className={styles['count']}>{count(counts.get(`${facet}:${word}`) ?? 0)}</span>
              </button>
            ))}
        </fieldset>
      ))}
      {chosenAny && (
        <button
          type="button"
          className={styles['clear']}
          onClick={() =>
            void navigate({ search: search.sort === undefined ? {} : { sort: search.sort }, resetScroll: false })
          }
        >
          Show all
        </button>
      )}
    </div>
  );
}
