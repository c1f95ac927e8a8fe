import { startQuarantine } from '../api/decisions.ts';
import { Act } from '../parts/act.tsx';

export function KeepInstance({ id }: { readonly id: string }) {
  return (
    <Act
      label="Quarantine"
      title="Keep this instance as evidence"
      needs="operator"
      isGrave
      send={({ reason = '' }) => startQuarantine(id, reason)}
    >
      It is cut off from the network and its disk is copied: it serves nobody from then on. Nothing takes its place
      until a policy replaces it, and it is kept until a person releases it.
    </Act>
  );
}
