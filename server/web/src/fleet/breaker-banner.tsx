import { Alert, Code } from '@mantine/core';
import type { GroupView } from '../api/types.ts';
import { Icon } from '../parts/icon.tsx';
import { Moment } from '../parts/moment.tsx';
import { Untrusted } from '../parts/untrusted.tsx';

/** A tripped breaker is the one thing on the page that calls for a person at once. */
export function BreakerBanner({ groups }: { readonly groups: readonly GroupView[] }) {
  return groups.map(({ group, breaker }) =>
    breaker === null ? null : (
      <Alert
        key={group.name}
        role="alert"
        color="red"
        variant="outline"
        mt="md"
        icon={<Icon name="hand" />}
        title={`Breaker tripped: nothing is replaced in ${group.name}`}
      >
        <Untrusted text={breaker.cause} mono={false} /> (<Moment at={breaker.trippedAt} />
        ). Much equal drift is most often a bad image, a bad rule or a tool that changes machines. When it is
        understood: <Code>pristinectl groups reset-breaker {group.name} --reason …</Code>
      </Alert>
    ),
  );
}
