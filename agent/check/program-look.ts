import type { Entry, FileEntry } from '../../shared/entry.ts';
import { parseEntryLine } from '../../shared/entry-line.ts';
import type { Finding } from '../../shared/finding.ts';
import { isExecutable } from '../../shared/guard.ts';
import { judgeProgram, type LiveVerdict } from '../../shared/judge-live.ts';
import { type RawName, rawName } from '../../shared/name.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import type { Processes } from '../collect/live/processes.ts';

/** Programs that run or ran: what is worst of each, and the digests of what had no file. */
export type Programs = Pick<Processes, 'programs' | 'copies'>;

/** Programs against the files of a manifest. */
export interface ProgramLook {
  /** Told of each baked file while the entries pass. Keeps which programs are baked, and nothing of the tree. */
  readonly baked: (path: RawName, entry: string | Entry) => void;
  /** Once all of them have passed; `changed` are the paths of files that are not as they were baked. */
  readonly judge: (rulebook: Rulebook, changed: ReadonlySet<RawName>) => readonly LiveVerdict[];
}

export function openProgramLook({ programs, copies }: Programs): ProgramLook {
  const bakedPrograms = new Set<RawName>();
  const copied = openCopies(copies);
  return {
    baked: (path, entry) => {
      if (programs.has(path) && isProgram(entry)) bakedPrograms.add(path);
      copied.see(entry);
    },
    judge: (rulebook, changed) => {
      const verdicts: LiveVerdict[] = [];
      for (const [name, state] of programs) {
        if (copied.isOfBaked(name)) continue;
        const asBaked = !bakedPrograms.has(name) ? 'not-baked' : changed.has(name) ? 'changed' : undefined;
        const departure = state === 'there' ? asBaked : state;
        if (departure !== undefined) verdicts.push(judgeProgram(name, departure, rulebook));
      }
      return verdicts;
    },
  };
}

/** The files that findings say have other content, for those who run them. */
export function changedFiles(findings: Iterable<Finding>): ReadonlySet<RawName> {
  const changed = new Set<RawName>();
  for (const { subject, name, attributes } of findings) {
    if (subject === 'file' && attributes.includes('content')) changed.add(rawName(name));
  }
  return changed;
}

/** Which programs that run from memory are copies of baked ones. Costs nothing where none does. */
function openCopies(copies: Programs['copies']) {
  const wanted = new Set([...copies.values()].flatMap((digests) => [...digests]));
  const baked = new Set<string>();
  return {
    see: (entry: string | Entry) => {
      if (wanted.size === 0) return;
      const content = typeof entry === 'string' ? contentForm.exec(entry)?.[1] : fileOf(entry)?.content;
      if (content !== undefined && wanted.has(content) && isProgram(entry)) baked.add(content);
    },
    isOfBaked: (name: RawName) => [...(copies.get(name) ?? ['unknown'])].every((digest) => baked.has(digest)),
  };
}

/** Without parsing the line: in canonical form no name can hold these quotes. */
const contentForm = /"content":"(sha256:[0-9a-f]{64})"/;

function isProgram(entry: string | Entry): boolean {
  const file = fileOf(typeof entry === 'string' ? parseEntryLine(entry) : entry);
  return file !== undefined && isExecutable(file);
}

export function fileOf(entry: Entry): FileEntry | undefined {
  return entry.subject === 'file' ? entry : undefined;
}
