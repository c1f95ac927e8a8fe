import { extendQuarantine, releaseQuarantine } from '../api/decisions.ts';
import type { Quarantine } from '../api/types.ts';
import { Act, Acts } from '../parts/act.tsx';

/** What people decide about a machine that is kept. */
export function KeepOrEnd({ kept: { instanceId, providerId, state } }: { readonly kept: Quarantine }) {
  if (state === 'ending' || state === 'ended') return null;
  return (
    <Acts>
      <Act
        label="Keep longer"
        title={`Keep ${providerId} for longer`}
        needs="operator"
        fields={[{ name: 'by', label: 'How much longer', hint: 'Such as 48h.', initial: '24h' }]}
        send={({ by = '', reason = '' }) => extendQuarantine(instanceId, { by, reason })}
      >
        It is added to when it expires.
      </Act>
      <Act
        label="Release"
        title={`Release ${providerId}`}
        needs="approver"
        isGrave
        send={({ reason = '' }) => releaseQuarantine(instanceId, reason)}
      >
        The machine is ended and the copy of its disk dropped: what it could tell is gone.
      </Act>
    </Acts>
  );
}
