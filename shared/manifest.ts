import { z } from 'zod';
import { Skip } from './coverage.ts';
import { ImageVersion, Name } from './image.ts';
import { Scheme } from './scheme.ts';
import { statementOf } from './statement.ts';

/** The files of a manifest directory. Nothing else belongs there. */
export const manifestFiles = {
  manifest: 'manifest.dsse.json',
  entries: 'entries.ndjson.zst',
  rules: 'rules.dsse.json',
} as const;

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
