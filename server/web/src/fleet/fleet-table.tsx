import { getRouteApi } from '@tanstack/react-router';
import { type SortingState, useTable } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Instance } from '../api/types.ts';
import { columns, features, sortableColumns } from './columns.tsx';
import { byAttention } from './filter.ts';
import styles from './fleet-table.module.css';

const route = getRouteApi('/');
const rowHeightGuess = 57;
const overscan = 12;

/** One row an instance. Only the rows near the window are in the page; the others are two gaps of their height. */
export function FleetTable({ instances }: { readonly instances: readonly Instance[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const sorting = useMemo(() => readSorting(search.sort), [search.sort]);
  const data = useMemo(() => [...instances].sort(byAttention), [instances]);
  const table = useTable({
    features,
    columns,
    data,
    getRowId: ({ id }) => id,
    state: { sorting },
    enableMultiSort: false,
    sortDescFirst: false,
    onSortingChange: (update) => {
      const [first] = typeof update === 'function' ? update(sorting) : update;
      const sort = first && `${first.desc ? '-' : ''}${first.id}`;
      void navigate({ search: { ...search, sort } as typeof search, replace: true, resetScroll: false });
    },
  });
  const { rows } = table.getRowModel();

  const body = useRef<HTMLTableSectionElement>(null);
  const [scrollMargin, setScrollMargin] = useState(0);
  // What stands above the table grows and shrinks: banners, chips that wrap.
  useLayoutEffect(() => {
    const measure = () => setScrollMargin((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    measure();
    return () => observer.disconnect();
  }, []);
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => rowHeightGuess,
    getItemKey: (index) => rows[index]!.id,
    overscan,
    scrollMargin,
  });
  const visible = virtualizer.getVirtualItems();
  const before = (visible[0]?.start ?? scrollMargin) - scrollMargin;
  const after = virtualizer.getTotalSize() - ((visible.at(-1)?.end ?? scrollMargin) - scrollMargin);

  return (
    <table className={styles['table']} aria-rowcount={rows.length + 1} aria-label="Instances">
      <thead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id} aria-rowindex={1}>
            {group.headers.map((header) => (
              <th
                key={header.id}
                scope="col"
                aria-sort={ariaSort(header.column.id, sorting)}
                data-column={header.column.id}
              >
                {sortableColumns.includes(header.column.id) ? (
                  <button type="button" onClick={header.column.getToggleSortingHandler()}>
                    <table.FlexRender header={header} />
                    <span aria-hidden="true" className={styles['arrow']}>
                      {arrows[ariaSort(header.column.id, sorting)]}
                    </span>
                  </button>
                ) : (
                  <table.FlexRender header={header} />
                )}
              </th>
            ))}
          </tr>
        ))}
      </thead>
      <tbody ref={body}>
        <Gap height={before} />
        {visible.map((item) => {
          const row = rows[item.index]!;
          return (
            <tr
              key={row.id}
              ref={virtualizer.measureElement}
              className={styles['row']}
              data-index={item.index}
              aria-rowindex={item.index + 2}
              data-attention={row.original.needsAttention}
            >
              {row.getAllCells().map((cell) => (
                <td key={cell.id} data-column={cell.column.id}>
                  <table.FlexRender cell={cell} />
                </td>
              ))}
            </tr>
          );
        })}
        <Gap height={after} />
        {rows.length === 0 && (
          <tr>
            <td colSpan={columns.length} className={styles['nothing']}>
              No instance is like that.
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

const arrows = { ascending: '▲', descending: '▼', none: '' } as const;

function ariaSort(column: string, [sorted]: SortingState): keyof typeof arrows {
  if (sorted?.id !== column) return 'none';
  return sorted.desc ? 'descending' : 'ascending';
}

function readSorting(sort: string | undefined): SortingState {
  const desc = sort?.startsWith('-') ?? false;
  const id = desc ? sort?.slice(1) : sort;
  return id !== undefined && sortableColumns.includes(id) ? [{ id, desc }] : [];
}

function Gap({ height }: { readonly height: number }) {
  return height > 0 ? (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: an empty row takes no focus
    <tr aria-hidden="true" className={styles['gap']}>
      <td colSpan={columns.length} style={{ height }} />
    </tr>
  ) : null;
}
