import { Alert, Code } from '@mantine/core';
import type { GroupView } from '../api/types.ts';
import { Icon } from '../parts/icon.tsx';
import { Moment } from '../parts/moment.tsx';
import { Untrusted } from '../parts/untrusted.tsx';

/** That nothing is replaced, because a person said so: of everything and of groups. Those on instances are in the plan. */
export function HoldBanner({ groups }: { readonly groups: readonly GroupView[] }) {
  const held = groups.flatMap(({ holds }) => holds).filter(({ scope }) => scope !== 'instance');
  const holds = new Map(held.map((hold) => [hold.id, hold]));
  return [...holds.values()].map(({ id, scope, group, author, reason, expiresAt }) => (
    <Alert
      key={id}
      role="status"
      color="yellow"
      variant="outline"
      mt="md"
      icon={<Icon name="hand" />}
      title={scope === 'all' ? 'Everything is stopped: nothing is replaced' : `Held: nothing is replaced in ${group}`}
    >
      By <Untrusted text={author} mono={false} />
      {expiresAt === null ? (
        ', until it is lifted'
      ) : (
        <>
          , it ends <Moment at={expiresAt} />
        </>
      )}
      : <Untrusted text={reason} mono={false} />. To go on: <Code>pristinectl holds lift {id}</Code>
    </Alert>
  ));
}
