import { placeHold } from '../api/decisions.ts';
import { Act } from '../parts/act.tsx';
import { forField } from './hold-fields.ts';

export function HoldInstance({ id }: { readonly id: string }) {
  return (
    <Act
      label="Hold"
      title="Leave this instance alone"
      needs="operator"
      fields={[forField]}
      send={({ for: duration = '', reason = '' }) =>
        placeHold({ scope: 'instance', target: id, for: duration, reason })
      }
    >
      It is not replaced for that long; a replacement of it that can be taken back is rolled back.
    </Act>
  );
}
