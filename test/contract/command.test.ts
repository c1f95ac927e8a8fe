import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCommandProvider } from '../../server/provider/command.ts';
import { aGroup } from '../support/builders.ts';
import { houseDir } from '../support/house.ts';
import { scratch } from '../support/scratch.ts';
import { describeProvider } from './provider.ts';

describeProvider('a command', async () => {
  const place = scratch();
  const command = [process.execPath, join(houseDir, 'test/support/command-provider.ts'), place.dir];
  const provider = { type: 'command' as const, command, env: {}, timeout: '60s' };
  return {
    provider: createCommandProvider(),
    ...{ group: aGroup({ provider }), otherGroup: aGroup({ name: 'other', provider }), image: 'web@7' },
    byTemplate(image) {
      writeFileSync(join(place.dir, 'template'), image);
      return aGroup({ provider, imageSource: 'provider' });
    },
    write: (providerId, name, text) => writeFileSync(join(place.dir, 'disks', providerId, name), text),
    reopen: () => createCommandProvider(),
    close: async () => place.remove(),
  };
});
