import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { holdsQuery } from '../api/decision-queries.ts';
import { Icon } from '../parts/icon.tsx';
import { Moment } from '../parts/moment.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { LiftHold } from './lift-hold.tsx';

/** Over every screen, for as long as somebody has stopped everything. */
export function StopBanner() {
  const holds = useQuery(holdsQuery);
  const stops = (holds.data?.items ?? []).filter(({ scope }) => scope === 'all');
  return stops.map((hold) => (
    <Alert
      key={hold.id}
      role="alert"
      color="red"
      variant="outline"
      mb="md"
      icon={<Icon name="hand" />}
      title="Everything is stopped: nothing is replaced"
    >
      By <Untrusted text={hold.author} mono={false} /> <Moment at={hold.createdAt} />
      {hold.expiresAt === null ? (
        ', until it is lifted'
      ) : (
        <>
          , it ends <Moment at={hold.expiresAt} />
        </>
      )}
      : <Untrusted text={hold.reason} mono={false} /> <LiftHold hold={hold} />
    </Alert>
  ));
}
