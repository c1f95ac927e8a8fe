import { useQuery } from '@tanstack/react-query';
import { imagesQuery } from '../api/decision-queries.ts';
import { groupsQuery } from '../api/queries.ts';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { Note, Rows } from '../parts/rows.tsx';
import { ScreenHead } from '../parts/screen.tsx';
import { count } from '../words/numbers.ts';
import { GroupImages } from './group-images.tsx';

/** Which image each group promotes, how far it has come there, and the way back. */
export function ImagesPage() {
  const groups = useQuery(groupsQuery);
  const images = useQuery(imagesQuery);
  const refs = (images.data?.items ?? []).map(({ name, version }) => `${name}@${version}`);
  return (
    <>
      <ScreenHead title="Images">
        What a group promotes is what its instances should be. A rollback promotes the image before, under the same
        budgets.
      </ScreenHead>
      <Reading what="the groups" query={groups}>
        {({ items }) => items.map((view) => <GroupImages key={view.group.name} view={view} images={refs} />)}
      </Reading>
      <Reading what="the images" query={images}>
        {({ items }) => (
          <Panel title="Pushed images">
            {items.length === 0 ? (
              <Note>
                None yet: <code>pristinectl images push DIR</code>.
              </Note>
            ) : (
              <Rows
                label="Pushed images"
                heads={['Image', 'Made for', 'Entries', 'Rules', 'Instances', 'Pushed']}
                rows={items.map((image) => ({
                  key: image.digest,
                  cells: [
                    `${image.name}@${image.version}`,
                    `${image.platform.distro} ${image.platform.arch}`,
                    count(image.entries),
                    `sequence ${image.rules}`,
                    count(image.instances),
                    <Moment key="pushed" at={image.pushedAt} />,
                  ],
                }))}
              />
            )}
          </Panel>
        )}
      </Reading>
    </>
  );
}
