import { type Entry, subjectKey } from '../../shared/entry.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import type { FactEntry } from '../../shared/fact.ts';
import type { Name } from '../../shared/name.ts';
import type { Composition } from '../check/composition.ts';
import { isFileLine, nameIn } from '../check/unparsed-line.ts';

export interface BakedLines {
  /** Of the names that were asked for. */
  readonly files: ReadonlyMap<Name, Entry>;
  /** By `subjectKey`. All of them: they are few beside files. */
  readonly facts: ReadonlyMap<string, FactEntry>;
}

/** What was baked of some names, and everything that is no file, in one pass over the entries. Errors: DIGEST, ENTRIES. */
export async function readBaked(composition: Composition, names: ReadonlySet<Name>): Promise<BakedLines> {
  const files = new Map<Name, Entry>();
  const facts = new Map<string, FactEntry>();
  for await (const lines of composition.lines()) {
    for (const line of lines) {
      const name = nameIn(line);
      if (!isFileLine(line)) {
        const fact = parseEntryLine(line) as FactEntry;
        facts.set(subjectKey(fact), fact);
      } else if (name !== undefined && names.has(name)) files.set(name, parseEntryLine(line));
    }
  }
  return { files, facts };
}
