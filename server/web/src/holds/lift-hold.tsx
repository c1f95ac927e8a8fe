import { liftHold } from '../api/decisions.ts';
import type { Hold } from '../api/types.ts';
import { Act } from '../parts/act.tsx';
import { Untrusted } from '../parts/untrusted.tsx';

export function LiftHold({ hold: { id, scope, author, reason } }: { readonly hold: Hold }) {
  return (
    <Act
      label={scope === 'all' ? 'Let it go on' : 'Lift'}
      title="Lift this hold"
      needs="operator"
      withReason={false}
      send={() => liftHold(id)}
    >
      What waits because of it goes on. <Untrusted text={author} mono={false} /> placed it:{' '}
      <Untrusted text={reason} mono={false} />
    </Act>
  );
}
