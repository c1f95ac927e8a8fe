import { useState } from 'react';
import type { GroupView, Rollout } from '../api/types.ts';
import { Facts } from '../parts/facts.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Quiet } from '../parts/rows.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { rolloutMark } from '../words/decision-marks.ts';
import { ImageActs } from './image-acts.tsx';
import { Promotions } from './promotions.tsx';

/** One group: the promoted images by channel, each with its rollout. */
export function GroupImages({ view, images }: { readonly view: GroupView; readonly images: readonly string[] }) {
  const { group, promotion, rollouts, rollsBackTo } = view;
  const [isOpen, setIsOpen] = useState(false);
  const channels = Object.entries(group.images ?? {});
  return (
    <Panel title={group.name}>
      <Facts
        rows={[
          ...(channels.length === 0
            ? [['Promoted', <Quiet key="none">nothing, so nothing is outdated</Quiet>] as const]
            : []),
          ...channels.map(
            ([channel, image]) =>
              [
                channel,
                <Channel key={channel} image={image} rollout={rollouts.find((one) => one.image === image)} />,
              ] as const,
          ),
          [
            'Promoted by',
            promotion === null ? (
              <Quiet key="by">nobody yet</Quiet>
            ) : (
              <span key="by">
                <Untrusted text={promotion.actor} mono={false} /> <Moment at={promotion.at} />
                {promotion.reason !== null && (
                  <>
                    : <Untrusted text={promotion.reason} mono={false} />
                  </>
                )}
              </span>
            ),
          ],
          ['Rolls back to', rollsBackTo ?? <Quiet key="back">nothing: there was none before</Quiet>],
        ]}
      />
      <ImageActs view={view} images={images} />
      <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>What it promoted before</summary>
        {isOpen && <Promotions group={group.name} />}
      </details>
    </Panel>
  );
}

function Channel({ image, rollout }: { readonly image: string; readonly rollout: Rollout | undefined }) {
  if (rollout === undefined) return <>{image}</>;
  return (
    <>
      {image} <StateMark mark={rolloutMark(rollout)} />{' '}
      <Quiet>
        begun <Moment at={rollout.startedAt} />
        {rollout.paused === null && rollout.soakedAt !== null && (
          <>
            , soaked <Moment at={rollout.soakedAt} />
          </>
        )}
      </Quiet>
      {rollout.paused !== null && (
        <div>
          Paused <Moment at={rollout.paused.at} />: <Untrusted text={rollout.paused.cause} mono={false} />
        </div>
      )}
    </>
  );
}
