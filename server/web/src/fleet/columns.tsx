import { createColumnHelper, createSortedRowModel, rowSortingFeature, tableFeatures } from '@tanstack/react-table';
import type { Instance } from '../api/types.ts';
import { useNow } from '../parts/clock.ts';
import { InstanceLink } from '../parts/instance-link.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { reasonOf } from '../words/attention.ts';
import { contentMarks, currencyMarks, lifecycleMarks, livenessMarks, taintMark } from '../words/marks.ts';
import { byAttention, byName, nameOf } from './filter.ts';
import styles from './fleet-table.module.css';

export const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

const helper = createColumnHelper<typeof features, Instance>();
const severities: readonly string[] = ['info', 'low', 'medium', 'high', 'critical'];

/** States sort by how much they ask for, not by their letters. */
const ranks = {
  content: ['drifted', 'unverifiable', 'in_sync'],
  liveness: ['absent', 'silent', 'online'],
  currency: ['unknown', 'expired', 'outdated', 'current'],
  lifecycle: ['quarantined', 'replacing', 'active', 'retired'],
} as const satisfies {
  readonly [State in 'content' | 'liveness' | 'currency' | 'lifecycle']: readonly Instance[State][];
};

function byState(state: keyof typeof ranks) {
  const order: readonly string[] = ranks[state];
  return (a: Instance, b: Instance) => order.indexOf(a[state]) - order.indexOf(b[state]) || byAttention(a, b);
}

const compare = {
  instance: byName,
  content: byState('content'),
  liveness: byState('liveness'),
  currency: byState('currency'),
  lifecycle: byState('lifecycle'),
  taint: (a: Instance, b: Instance) => taintRank(b) - taintRank(a) || byAttention(a, b),
};

export const columns = helper.columns([
  helper.accessor(nameOf, {
    id: 'instance',
    header: 'Instance',
    sortFn: (a, b) => compare.instance(a.original, b.original),
    cell: ({ row }) => <NameCell instance={row.original} />,
  }),
  helper.accessor('content', {
    header: 'Content',
    sortFn: (a, b) => compare.content(a.original, b.original),
    cell: ({ row }) => <StateMark mark={contentMarks[row.original.content]} />,
  }),
  helper.accessor('liveness', {
    header: 'Liveness',
    sortFn: (a, b) => compare.liveness(a.original, b.original),
    cell: ({ row: { original } }) => (
      <StateMark mark={livenessMarks[original.liveness]} quiet={original.liveness === 'online'} />
    ),
  }),
  helper.accessor('currency', {
    header: 'Currency',
    sortFn: (a, b) => compare.currency(a.original, b.original),
    cell: ({ row: { original } }) => (
      <StateMark mark={currencyMarks[original.currency]} quiet={original.currency === 'current'} />
    ),
  }),
  helper.accessor('lifecycle', {
    header: 'Lifecycle',
    sortFn: (a, b) => compare.lifecycle(a.original, b.original),
    cell: ({ row: { original } }) => (
      <StateMark mark={lifecycleMarks[original.lifecycle]} quiet={original.lifecycle === 'active'} />
    ),
  }),
  helper.accessor(taintRank, {
    id: 'taint',
    header: 'Taint',
    sortFn: (a, b) => compare.taint(a.original, b.original),
    cell: ({ row: { original } }) =>
      original.taint === null ? (
        <span className={styles['none']}>no taint</span>
      ) : (
        <StateMark mark={taintMark(original.taint.severity)} />
      ),
  }),
  helper.display({
    id: 'because',
    header: 'Because',
    cell: ({ row }) => <BecauseCell instance={row.original} />,
  }),
]);

export const sortableColumns: readonly string[] = Object.keys(compare);

function NameCell({ instance }: { readonly instance: Instance }) {
  const { image, group, id, providerId, imageDigest } = instance;
  return (
    <>
      <InstanceLink id={id} providerId={providerId} />
      <span className={styles['under']}>
        {group} · {image === null ? imageDigest.slice(0, 19) : `${image.name}@${image.version}`}
      </span>
    </>
  );
}

function BecauseCell({ instance }: { readonly instance: Instance }) {
  return <span className={styles['because']}>{reasonOf(instance, useNow())}</span>;
}

function taintRank({ taint }: Instance): number {
  return taint === null ? -1 : severities.indexOf(taint.severity);
}
