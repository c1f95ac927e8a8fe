import { Alert } from '@mantine/core';
import type { GroupView } from '../api/types.ts';
import { LiftHold } from '../holds/lift-hold.tsx';
import { Icon } from '../parts/icon.tsx';
import { Moment } from '../parts/moment.tsx';
import { Untrusted } from '../parts/untrusted.tsx';

/** That nothing is replaced in a group, because a person said so. What is on everything stands over every screen, what is on instances in the plan. */
export function HoldBanner({ groups }: { readonly groups: readonly GroupView[] }) {
  const held = groups.flatMap(({ holds }) => holds).filter(({ scope }) => scope === 'group');
  const holds = new Map(held.map((hold) => [hold.id, hold]));
  return [...holds.values()].map((hold) => (
    <Alert
      key={hold.id}
      role="status"
      color="yellow"
      variant="outline"
      mt="md"
      icon={<Icon name="hand" />}
      title={`Held: nothing is replaced in ${hold.group}`}
    >
      By <Untrusted text={hold.author} mono={false} />
      {hold.expiresAt !== null && (
        <>
          , it ends <Moment at={hold.expiresAt} />
        </>
      )}
      : <Untrusted text={hold.reason} mono={false} /> <LiftHold hold={hold} />
    </Alert>
  ));
}
