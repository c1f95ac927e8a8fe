import { z } from 'zod';
import { Skip } from './coverage.ts';
import { ImageVersion, Name } from './image.ts';
import { Scheme } from './scheme.ts';
import { statementOf } from './statement.ts';

/** The files of a manifest directory. Beside them it has `blobs`, and nothing else belongs there. */
export const manifestFiles = {
  manifest: 'manifest.dsse.json',
  entries: 'entries.ndjson.zst',
  rules: 'rules.dsse.json',
} as const;

/** In a manifest directory: baked text, each in a file that is named after its content as the signed entries have it. */
export const manifestBlobs = { directory: 'blobs', sha256: 'blobs/sha256' } as const;

/** Where the content of an entry lies; undefined for what is no content. */
export function blobFile(content: string): string | undefined {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(content) ?? [];
  return hex === undefined ? undefined : `${manifestBlobs.sha256}/${hex}`;
}

/** Where things live on an instance (DESIGN §4). */
export const installed = {
  config: '/etc/pristine/agent.yaml',
  pub: '/etc/pristine/trusted.pub',
  program: '/usr/lib/pristine',
  manifest: '/usr/lib/pristine/manifest',
  components: '/usr/lib/pristine/components',
  stateDir: '/var/lib/pristine',
} as const;

export const manifestPredicateType = 'urn:x-pristine:manifest:v1';

/** The subject of the statement is the sha256 of the uncompressed entries. */
export const ManifestStatement = statementOf(
  manifestPredicateType,
  z.object({
    image: z.object({ name: Name, version: ImageVersion }),
    platform: z.object({ os: z.string(), arch: z.string(), distro: z.string() }),
    scheme: Scheme,
    entries: z.object({
      bytes: z.int().nonnegative().describe('of the uncompressed entries; enforced while inflating'),
      lines: z.int().nonnegative(),
    }),
    notBaked: z
      .array(Skip)
      .max(10_000)
      .describe('what the bake left out: its own output and state directory, and mounts the profile names'),
    tool: z.object({ name: z.string(), version: z.string() }),
  }),
);
export type ManifestStatement = z.infer<typeof ManifestStatement>;
