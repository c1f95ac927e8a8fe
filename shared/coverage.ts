import { z } from 'zod';
import { Image } from './image.ts';

/** Why something in scope could not be measured. */
export const holeReasons = [
  'unreadable',
  'unstable',
  'covered-by-mount',
  /** The scanner is in a mount namespace of its own, and may be shown other files than the machine uses. */
  'private-namespace',
  'io-error',
  /** Of a whole mount: its server or its program says nothing. */
  'no-answer',
  'too-deep',
  /** Of a whole sweep: it needed more than the configuration of the agent gives it. */
  'out-of-memory',
  /** A file of more bytes than anybody would wait for to be read. */
  'too-large',
  /** More differences than an agent keeps; those left out are somewhere beneath. */
  'too-many',
  'unparseable',
  'not-a-manifest',
  'bad-signature',
  /** A component that is not what the rules of the image allow to be laid over it. */
  'not-allowed',
  /** Set by the server: the agent compares with another image than its instance was enrolled for. */
  'other-image',
  /** Set by the server: the agent judges by other rules than those that are in force for its image. */
  'other-rules',
  /** Set by the server: nobody has said which image this instance was started from, so there is nothing to compare with. */
  'unknown-image',
  /** Set by the server: the disk differs where its agent told nothing, and nobody could make out why. */
  'seen-outside',
] as const;
export const HoleReason = z.enum(holeReasons);
export type HoleReason = z.infer<typeof HoleReason>;

/** What only a server can know of an instance; from an agent each is refused. */
export const serverHoleReasons: ReadonlySet<HoleReason> = new Set([
  ...(['other-image', 'other-rules', 'unknown-image', 'seen-outside'] as const),
]);

export const Hole = z
  .strictObject({ subject: z.string().max(64), name: z.string().max(32_768), reason: HoleReason })
  .meta({
    id: 'Hole',
    description: 'Something in scope that could not be measured. A hole at a directory covers everything beneath it.',
  });
export type Hole = z.infer<typeof Hole>;

export const Skip = z.strictObject({ name: z.string().max(32_768), rule: z.string().max(4_096) }).meta({
  id: 'Skip',
  description: 'A path that a rule or a mount leaves out, with everything beneath it; or what runs and was not judged.',
});
export type Skip = z.infer<typeof Skip>;

const count = z.int().nonnegative();

export const LaidOver = z
  .strictObject({ ...Image.shape, entries: count })
  .meta({ id: 'LaidOver', description: 'A component whose entries were laid over those of the image.' });
export type LaidOver = z.infer<typeof LaidOver>;

export const Coverage = z
  .strictObject({
    entries: count.describe('entries of the manifest, and of the components'),
    components: z.array(LaidOver).max(64).optional().describe('what was laid over the image; absent for nothing'),
    checked: count.describe(
      'subjects observed and compared; of a sweep that looked where something had changed, when everything was last looked at',
    ),
    filesHashed: count,
    bytesHashed: count,
    filesUnchanged: count
      .default(0)
      .describe(
        'regular files that were not read: what statx(2) says of them is what it said when everything was last looked at, less than a day before',
      ),
    mounts: z
      .array(z.string().max(32_768))
      .max(4_096)
      .default([])
      .describe('real filesystems under the root that were entered'),
    live: z
      .boolean()
      .default(false)
      .describe('whether the root is the machine itself, and what runs on it was looked at too'),
    skipped: z.array(Skip).max(10_000),
    holes: z.array(Hole).max(10_000),
  })
  .meta({ id: 'Coverage' });
export type Coverage = z.infer<typeof Coverage>;

export const emptyCoverage: Coverage = {
  entries: 0,
  checked: 0,
  filesHashed: 0,
  bytesHashed: 0,
  filesUnchanged: 0,
  mounts: [],
  live: false,
  skipped: [],
  holes: [],
};

/**
 * Whether a hole hides this subject: then what was known of it stands, since a finding closes only when looked at again.
 * A hole of files covers its path and all beneath it; a hole in any other subject (a package database) covers all of that subject.
 */
export function hiddenByHole(subject: string, name: string, holes: readonly Hole[]): boolean {
  return hiderOf(holes)(subject, name);
}

/** The same for many subjects: its cost is that of the depth of a name and not of the number of holes, which others choose. */
export function hiderOf(holes: readonly Hole[]): (subject: string, name: string) => boolean {
  const subjects = new Set(holes.map((hole) => hole.subject));
  const files = new Set(holes.filter((hole) => hole.subject === 'file').map((hole) => hole.name));
  return (subject, name) => {
    if (subjects.has('manifest')) return true;
    if (subject !== 'file') return subjects.has(subject);
    if (files.has('/') || files.has(name)) return true;
    for (let at = name.indexOf('/', 1); at > 0; at = name.indexOf('/', at + 1)) {
      if (files.has(name.slice(0, at))) return true;
    }
    return false;
  };
}
