import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalProvider } from '../../server/provider/local.ts';
import type { Group } from '../../shared/policy.ts';
import type { Bench } from '../contract/provider.ts';
import { aGroup } from './builders.ts';
import { bakeSigned, keygen } from './pristine-cli.ts';
import { type Scratch, scratch } from './scratch.ts';

export interface LocalBench extends Bench {
  readonly place: Scratch;
  readonly directory: string;
  readonly root: string;
  groupWith(overrides: { readonly name?: string; readonly ownerPid?: number }): Group;
}

/** An image of a few files, baked and signed, and a folder for its instances. Whatever is left of them goes with `close`. */
export async function aLocalBench(options: { readonly privileged: boolean }): Promise<LocalBench> {
  const place = scratch();
  const root = place.folder('image');
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/config'), 'baked');
  writeFileSync(join(root, 'etc/other'), 'baked too');
  mkdirSync(join(root, 'var/log'), { recursive: true });
  writeFileSync(join(root, 'var/log/baked.log'), 'baked\n');
  const keys = await keygen(join(place.dir, 'image-key'));
  const manifest = join(place.dir, 'manifest');
  await bakeSigned({ root, out: manifest, key: keys.key });
  const directory = join(place.dir, 'instances');
  const images = { 'web@1': { root, manifest, pub: keys.pub } };
  const groupWith: LocalBench['groupWith'] = ({ name = 'web', ownerPid = process.pid }) =>
    aGroup({ name, provider: { type: 'local', directory, images, ownerPid }, images: { stable: 'web@1' } });
  const [group, otherGroup] = [groupWith({}), groupWith({ name: 'other' })];
  const provider = createLocalProvider(options);
  return {
    ...{ place, directory, root, provider, group, otherGroup, groupWith, image: 'web@1' },
    byTemplate: (template) =>
      aGroup({
        provider: { type: 'local', directory, images, ownerPid: process.pid, template },
        images: { stable: 'web@1' },
        imageSource: 'provider',
      }),
    write: (providerId, name, text) => writeFileSync(join(directory, providerId, 'root', name), text),
    reopen: () => createLocalProvider(options),
    async close() {
      for (const each of [group, otherGroup]) {
        for (const { providerId, drainedBy } of await provider.list(each))
          await provider.terminate(each, providerId, drainedBy ?? undefined);
      }
      place.remove();
    },
  };
}
