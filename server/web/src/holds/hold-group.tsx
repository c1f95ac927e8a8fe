import { placeHold } from '../api/decisions.ts';
import { Act } from '../parts/act.tsx';
import { forField } from './hold-fields.ts';

export function HoldGroup({ groups }: { readonly groups: readonly string[] }) {
  return (
    <Act
      // The first group is only known once they are read.
      key={groups.length}
      label="Hold a group"
      title="Replace nothing in a group"
      needs="operator"
      fields={[
        {
          name: 'target',
          label: 'Group',
          initial: groups[0] ?? '',
          options: groups.map((name) => ({ value: name, label: name })),
        },
        forField,
      ]}
      send={({ target = '', for: duration = '', reason = '' }) =>
        placeHold({ scope: 'group', target, for: duration, reason })
      }
    >
      Nothing starts there; what is under way and can be taken back is rolled back.
    </Act>
  );
}
