import { z } from 'zod';
import { PackageGroup } from './attribution.ts';
import { Coverage } from './coverage.ts';
import { Finding } from './finding.ts';
import { Identity, identitiesMax } from './identity.ts';
import { Image } from './image.ts';
import { Relabel } from './relabel.ts';
import { Verdict } from './verdict.ts';

const Time = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();

/** What one scan says: the standard output of `pristine verify --format json`, also at exit 3. */
export const Report = z
  .strictObject({
    schema: z.literal('pristine.report/1'),
    image: Image.nullable().describe('null when the manifest could not be opened'),
    rules: count.nullable().describe('sequence of the rules that judged'),
    root: z.string(),
    startedAt: Time,
    finishedAt: Time,
    verdict: Verdict,
    coverage: Coverage,
    findings: z.array(Finding),
    packages: z
      .array(PackageGroup)
      .optional()
      .describe(
        'findings by the package they belong to, as the package databases found there say: it explains, and decides nothing',
      ),
    relabels: z
      .array(Relabel)
      .optional()
      .describe('the findings that differ in the same attributes on more than 1,000 files; each is also listed above'),
    identities: z
      .array(Identity)
      .max(identitiesMax)
      .optional()
      .describe('where pins were given: by what this machine is known, of all that was not baked'),
    summary: z.strictObject({ added: count, removed: count, modified: count }),
    error: z
      .strictObject({ code: z.string(), message: z.string() })
      .optional()
      .describe('why nothing could be measured'),
  })
  .meta({ id: 'Report' });
export type Report = z.infer<typeof Report>;
