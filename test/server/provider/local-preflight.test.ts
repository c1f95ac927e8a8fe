import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestFiles } from '../../../shared/manifest.ts';
import type { Group, LocalProviderSpec } from '../../../shared/policy.ts';
import { aLocalBench, type LocalBench } from '../../support/local-bench.ts';

let bench: LocalBench;
beforeAll(async () => {
  bench = await aLocalBench({ privileged: false });
});
afterAll(() => bench.close());

/** The group of the bench, with another image beside its own. */
function withImage(ref: string, change: (paths: { manifest: string; pub: string }) => void): Group {
  const { group, place } = bench;
  const provider = group.provider as LocalProviderSpec;
  const own = provider.images['web@1']!;
  const manifest = join(place.dir, `manifest of ${ref}`);
  const pub = join(place.dir, `${ref}.pub`);
  cpSync(own.manifest, manifest, { recursive: true });
  cpSync(own.pub, pub);
  change({ manifest, pub });
  return {
    ...group,
    provider: { ...provider, images: { ...provider.images, [ref]: { root: own.root, manifest, pub } } },
  };
}

describe('what the local provider would launch', () => {
  it('is the image that lies there, whatever the group calls it', async () => {
    const group = withImage('web@2', () => {});

    const [own, other] = [
      await bench.provider.preflight(bench.group, 'web@1'),
      await bench.provider.preflight(group, 'web@2'),
    ];

    expect(own).toEqual({ image: 'web@1', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(other).toEqual(own);
  });

  it.each<[string, (paths: { manifest: string; pub: string }) => void]>([
    ['its manifest is not there', ({ manifest }) => rmSync(manifest, { recursive: true })],
    ['its manifest is no manifest', ({ manifest }) => writeFileSync(join(manifest, manifestFiles.manifest), '{}')],
    ['its manifest is by another key', ({ pub }) => writeFileSync(pub, anotherKey)],
  ])('is nothing where %s', async (name, change) => {
    const group = withImage(`web@${name.length}`, change);

    await expect(bench.provider.preflight(group, `web@${name.length}`)).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('is nothing where nobody has said which image, or the group has not got it', async () => {
    await expect(bench.provider.preflight(bench.group, null)).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(bench.provider.preflight(bench.group, 'web@9')).rejects.toMatchObject({ code: 'CONFIG' });
  });
});

/** RFC 8032, test 1. */
const anotherKey = [
  '-----BEGIN PUBLIC KEY-----',
  'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
  '-----END PUBLIC KEY-----',
  '',
].join('\n');
