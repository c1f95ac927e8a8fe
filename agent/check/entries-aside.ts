import type { Digest } from '../../shared/digest.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Composition } from './composition.ts';
import { type EntryIndex, indexEntries, type Wanted } from './entry-index.ts';

/** Lines of entries among which those are that were asked for. Errors: DIGEST, ENTRIES. */
export type SomeEntries = (wanted: Wanted | 'all') => AsyncGenerator<readonly string[]>;

/** The entries that are compared with, set aside by those who look at a few of them again and again. */
export interface EntriesAside {
  of(composition: Composition): SomeEntries;
}

/** Without a directory, or where nothing can be written there, all of them are read each time. */
export function openEntriesAside(directory: string | undefined): EntriesAside {
  let kept: { readonly digest: Digest; readonly index: EntryIndex | undefined } | undefined;
  return {
    of: (composition) =>
      async function* (wanted) {
        if (directory === undefined || wanted === 'all') return yield* composition.lines();
        if (kept?.digest !== composition.digest) {
          kept?.index?.close();
          kept = undefined;
          kept = { digest: composition.digest, index: await setAside(composition, directory) };
        }
        if (kept.index === undefined) return yield* composition.lines();
        yield* kept.index.lines(wanted);
      },
  };
}

async function setAside(composition: Composition, directory: string): Promise<EntryIndex | undefined> {
  try {
    return await indexEntries(composition.lines(), directory);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    return undefined;
  }
}
