import { abortReplacement, retryReplacement } from '../api/decisions.ts';
import type { Replacement } from '../api/types.ts';
import { Act, Acts } from '../parts/act.tsx';

const wayBack: readonly Replacement['state'][] = ['reserved', 'launching', 'verifying', 'draining'];

/** What people decide about one replacement; nothing where there is nothing to decide. */
export function Intervene({ replacement: { id, state } }: { readonly replacement: Replacement }) {
  return (
    <Acts>
      {wayBack.includes(state) && (
        <Act
          label="Abort"
          title="Give this replacement up"
          needs="operator"
          isGrave
          send={({ reason = '' }) => abortReplacement(id, reason)}
        >
          The new machine goes, and the old one stays in service, if there is still a way back.
        </Act>
      )}
      {(state === 'stuck' || state === 'failed') && (
        <Act
          label="Try again"
          title="Try this replacement again"
          needs="operator"
          send={({ reason = '' }) => retryReplacement(id, reason)}
        >
          One that is stuck goes on where it was; where one failed too often, the next may begin.
        </Act>
      )}
    </Acts>
  );
}
