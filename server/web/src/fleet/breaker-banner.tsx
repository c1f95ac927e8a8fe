import { Alert } from '@mantine/core';
import { resetBreaker } from '../api/decisions.ts';
import type { GroupView } from '../api/types.ts';
import { Act } from '../parts/act.tsx';
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
        understood:{' '}
        <Act
          label="Reset the breaker"
          title={`Let replacing go on in ${group.name}`}
          needs="operator"
          send={({ reason = '' }) => resetBreaker(group.name, reason)}
        >
          Replacements begin again there; what is alike from now on is counted anew.
        </Act>
      </Alert>
    ),
  );
}
