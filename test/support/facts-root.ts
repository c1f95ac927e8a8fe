import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Collector, collectFacts, type Facts } from '../../agent/collect/facts/collector.ts';
import { directoryRoot } from '../../agent/collect/root.ts';
import { parseEntryLine, writeEntryLine } from '../../shared/entry-line.ts';

/** A root of a few files, and what collectors say of it. Texts are bytes, one character each. */
export interface FactsRoot {
  readonly dir: string;
  readonly put: (path: string, text: string) => void;
  readonly link: (target: string, path: string) => void;
  /** Each entry has passed as a line of a manifest. */
  readonly facts: (...collectors: readonly Collector[]) => Facts;
  /** Names only, where nothing became a hole. */
  readonly names: (...collectors: readonly Collector[]) => readonly string[];
  readonly remove: () => void;
}

export function factsRoot(): FactsRoot {
  const dir = mkdtempSync(join(tmpdir(), 'pristine-facts-'));
  const at = (path: string) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    return join(dir, path);
  };
  const facts = (...collectors: readonly Collector[]) => {
    const found = collectFacts(directoryRoot(dir), 'debian 12', collectors);
    for (const entry of found.entries) parseEntryLine(writeEntryLine(entry));
    return found;
  };
  return {
    dir,
    put: (path, text) => writeFileSync(at(path), text, 'latin1'),
    link: (target, path) => symlinkSync(target, at(path)),
    facts,
    names: (...collectors) => {
      const { entries, holes } = facts(...collectors);
      if (holes.length > 0) throw new Error(`holes: ${JSON.stringify(holes)}`);
      return entries.map(({ name }) => name);
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
