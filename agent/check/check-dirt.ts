import { differentActors } from '../../shared/actor.ts';
import { changesMax, type Finding } from '../../shared/finding.ts';
import { isLiveSubject } from '../../shared/live.ts';
import { encodeRaw, type RawName, rawName } from '../../shared/name.ts';
import { isRestored } from '../../shared/restored.ts';
import { readsAt } from '../collect/facts/collector.ts';
import { collectors } from '../collect/facts/collectors.ts';
import { type Program, worse } from '../collect/live/program.ts';
import { selfAndAbove } from '../collect/scope.ts';
import type { Check, Checker } from '../scan.ts';
import type { Dirt, Note, StartNote } from './dirty-set.ts';
import { changedFiles, type Programs } from './program-look.ts';

/** Looks at what hints point at, and says of what it finds who did it and how often, as far as they told. */
export async function checkDirt(
  checker: Checker,
  dirt: Dirt,
  open: Iterable<Finding>,
  bytesMax?: number,
): Promise<Check | undefined> {
  const { names, programs } = dirt;
  const known = [...open].filter((finding) => !isRestored(finding));
  const written = new Set([...names].filter(([, note]) => note.isWritten).map(([name]) => name));
  const check = await checker.check([...names.keys()], {
    ...{ written, bytesMax },
    // The file of a program that started is not read again: what changed it is a hint of its own.
    ...(programs.size > 0 && { started: { ...programsOf(programs), changed: changedFiles(known) } }),
  });
  if (check === undefined) return undefined;
  // Whoever puts back what was reported leaves a closed finding, and needs no other.
  const told = new Set(known.map(({ name }) => name));
  const findings = check.findings.filter((finding) => !isRestored(finding) || !told.has(finding.name));
  return { ...check, findings: findings.map((finding) => attributed(finding, dirt)) };
}

function programsOf(started: ReadonlyMap<RawName, StartNote>): Programs {
  const programs = new Map<RawName, Program['state']>();
  const copies = new Map<RawName, Set<NonNullable<StartNote['starts'][number]['digest']>>>();
  for (const [name, { starts }] of started) {
    for (const { state, digest } of starts) {
      programs.set(name, worse(programs.get(name), state));
      if (digest !== undefined) copies.set(name, (copies.get(name) ?? new Set()).add(digest));
    }
  }
  return { programs, copies };
}

/** The same finding, with who did it and how often. */
export function attributed(finding: Finding, dirt: Dirt): Finding {
  const notes = notesOf(finding, dirt);
  const changes = Math.min(
    changesMax,
    notes.reduce((sum, note) => sum + note.changes, 0),
  );
  const actors = differentActors(notes.flatMap((note) => note.actors));
  return {
    ...finding,
    ...(actors.length > 0 && { actors }),
    ...(changes > 0 && { changes }),
  };
}

/** What was noted of a file or the nearest directory above it; of what a fact was read from; of a program. */
function notesOf({ subject, name }: Finding, { names, programs }: Dirt): readonly Note[] {
  if (subject === 'process') return present(programs.get(rawName(name)));
  if (isLiveSubject(subject)) return [];
  if (subject === 'file') {
    for (const above of selfAndAbove(rawName(name))) {
      const note = names.get(encodeRaw(above || '/'));
      if (note !== undefined) return [note];
    }
    return [];
  }
  const reading = collectors.filter((collector) => collector.subject === subject);
  return [...names]
    .filter(([hinted]) => reading.some((collector) => readsAt(collector, rawName(hinted))))
    .map(([, note]) => note);
}

function present<T>(one: T | undefined): readonly T[] {
  return one === undefined ? [] : [one];
}
