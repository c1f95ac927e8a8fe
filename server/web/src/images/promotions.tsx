import { useQuery } from '@tanstack/react-query';
import { promotionsQuery } from '../api/decision-queries.ts';
import { Moment } from '../parts/moment.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Rows } from '../parts/rows.tsx';
import { Untrusted } from '../parts/untrusted.tsx';

const ways = { promoted: 'promoted', 'rolled-back': 'rolled back', applied: 'applied with the group' } as const;

export function Promotions({ group }: { readonly group: string }) {
  const promotions = useQuery(promotionsQuery(group));
  return (
    <Reading what={`the promotions of ${group}`} query={promotions}>
      {({ items, nextCursor }) =>
        items.length === 0 ? (
          <Note>Nothing yet.</Note>
        ) : (
          <>
            <Rows
              label={`Promotions of ${group}`}
              heads={['Image', 'Channel', 'How', 'By', 'When', 'Reason']}
              rows={items.map((one) => ({
                key: String(one.id),
                cells: [
                  one.image ?? 'nothing any more',
                  one.channel,
                  ways[one.how],
                  <Untrusted key="by" text={one.actor} mono={false} />,
                  <Moment key="at" at={one.at} />,
                  <Untrusted key="reason" text={one.reason ?? ''} mono={false} />,
                ],
              }))}
            />
            {nextCursor !== null && (
              <Note>
                Older ones: <code>pristinectl images promotions</code>.
              </Note>
            )}
          </>
        )
      }
    </Reading>
  );
}
