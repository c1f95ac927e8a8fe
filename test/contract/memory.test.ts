import { aGroup } from '../support/builders.ts';
import { createMemoryProvider } from '../support/memory-provider.ts';
import { describeProvider } from './provider.ts';

describeProvider('a cloud in memory', async () => {
  const provider = createMemoryProvider();
  return {
    ...{ provider, group: aGroup(), otherGroup: aGroup({ name: 'other' }), image: 'web@7' },
    byTemplate(image) {
      provider.templateOf = () => image;
      return aGroup({ imageSource: 'provider' });
    },
    write: provider.write,
    reopen: () => provider,
    close: async () => {},
  };
});
