import { placeHold } from '../api/decisions.ts';
import { Act } from '../parts/act.tsx';

/** The one big stop. */
export function StopEverything() {
  return (
    <Act
      label="Stop everything"
      title="Stop everything at once"
      needs="operator"
      isGrave
      fields={[
        { name: 'for', label: 'For how long', hint: 'Such as 2h; without it, until it is lifted.', isOptional: true },
      ]}
      send={({ for: duration, reason = '' }) =>
        placeHold({ scope: 'all', reason, ...(duration !== undefined && duration !== '' && { for: duration }) })
      }
    >
      Nothing starts and nothing ends, in no group. What is under way waits as it is, and no provider is called.
    </Act>
  );
}
