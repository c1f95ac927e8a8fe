import { promoteImage, resumeRollout, rollBackImage } from '../api/decisions.ts';
import type { GroupView } from '../api/types.ts';
import { Act, Acts } from '../parts/act.tsx';

const channels = [
  { value: 'stable', label: 'stable: what replacements are launched from' },
  { value: 'canary', label: 'canary: beside it, first' },
] as const;

/** What people decide about the images of a group. */
export function ImageActs({ view, images }: { readonly view: GroupView; readonly images: readonly string[] }) {
  const { group, rollouts, rollsBackTo } = view;
  const { name } = group;
  return (
    <Acts>
      {rollouts
        .filter(({ paused }) => paused !== null)
        .map(({ image }) => (
          <Act
            key={image}
            label={`Resume ${image}`}
            title={`Let ${image} go on in ${name}`}
            needs="operator"
            send={({ reason = '' }) => resumeRollout(name, { image, reason })}
          >
            What went badly until now counts no more; what goes badly from now on pauses it again.
          </Act>
        ))}
      {rollsBackTo !== null && (
        <Act
          label={`Roll back to ${rollsBackTo}`}
          title={`Roll ${name} back to ${rollsBackTo}`}
          needs="operator"
          isGrave
          send={({ reason = '' }) => rollBackImage(name, reason)}
        >
          {rollsBackTo} is promoted again; instances follow by policy, under the same budgets.
        </Act>
      )}
      <Act
        // The first image is only known once they are read.
        key={images.length}
        label="Promote"
        title={`Promote an image in ${name}`}
        needs="operator"
        refused={images.length === 0 ? 'No image was pushed.' : undefined}
        fields={[
          {
            name: 'image',
            label: 'Image',
            initial: images[0] ?? '',
            options: images.map((ref) => ({ value: ref, label: ref })),
          },
          { name: 'channel', label: 'Channel', initial: 'stable', options: channels },
        ]}
        send={({ image = '', channel, reason = '' }) =>
          promoteImage(name, { image, channel: channel === 'canary' ? 'canary' : 'stable', reason })
        }
      >
        Instances of other images are outdated from then on, and go by policy.
      </Act>
    </Acts>
  );
}
