import type { Actor } from './actor.ts';
import type { Finding } from './finding.ts';

/** A piece of a sentence: our words, or what an agent told, for which nobody vouches. Not yet safe for a terminal. */
export interface Piece {
  readonly text: string;
  readonly isTold: boolean;
}

/** "/usr/bin/vim (pid 4711) as root, logged in as uid 1000, session 42, in ssh.service" */
export function whoPieces(actor: Actor): readonly Piece[] {
  return [...programPieces(actor), ...accountPieces(actor), ...placePieces(actor)];
}

/** "/usr/bin/bash ← /usr/bin/sudo ← /usr/sbin/sshd", the nearest first. Empty where none is known. */
export function parentPieces({ parents }: Actor): readonly Piece[] {
  return parents.flatMap(({ pid, program }, at) => [
    ...(at === 0 ? [] : [ours(' ← ')]),
    program === null ? ours(`process ${pid}`) : told(program),
  ]);
}

/** Changes of which no process is shown. The same process may have made some of them. */
export function moreChanges({ actors = [], changes = 0 }: Told): number {
  return Math.max(0, changes - actors.length);
}

/** The first of them in one line, and that there is more: "by … as root, and 1 other, 5 changes". Undefined where nobody is known. */
export function whoSentence(finding: Told): string | undefined {
  const { actors: [first, ...others] = [], changes = 0 } = finding;
  if (first === undefined) return undefined;
  const who = whoPieces(first)
    .map((piece) => (piece.isTold ? quoted(piece.text) : piece.text))
    .join('');
  const also = others.length === 0 ? '' : `, and ${others.length} other${others.length === 1 ? '' : 's'}`;
  return `by ${who}${also}${moreChanges(finding) > 0 ? `, ${changes} changes` : ''}`;
}

/** Here nothing but the letters tells our words from those of an agent: no path reads as a sentence of ours. */
function quoted(text: string): string {
  return /^[!#-'*+\x2d-~]+$/.test(text) ? text : JSON.stringify(text);
}

type Told = { readonly actors?: readonly Actor[] | undefined } & Pick<Finding, 'changes'>;

function programPieces({ pid, program }: Actor): readonly Piece[] {
  if (program !== null) return [told(program), ...(pid > 0 ? [ours(` (pid ${pid})`)] : [])];
  return [ours(pid > 0 ? `process ${pid}, gone before it was looked at,` : 'a process that the kernel did not name')];
}

/** Who logged in is told only where it is somebody else: after sudo, uid 0 is everybody. */
function accountPieces({ uid, loginUid, session }: Actor): readonly Piece[] {
  return [
    ...(uid === null ? [] : [ours(` as ${accountOf(uid)}`)]),
    ...(loginUid === null || loginUid === uid ? [] : [ours(`, logged in as ${accountOf(loginUid)}`)]),
    ...(session === null ? [] : [ours(`, session ${session}`)]),
  ];
}

function placePieces({ unit, container }: Actor): readonly Piece[] {
  return [
    ...(unit === null ? [] : [ours(', in '), told(unit)]),
    ...(container === null ? [] : [ours(', in container '), told(shortId(container))]),
  ];
}

function accountOf(uid: number): string {
  return uid === 0 ? 'root' : `uid ${uid}`;
}

/** As container runtimes show it. */
function shortId(container: string): string {
  return /^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container;
}

const toldCharsMax = 200;

/** A sentence is read at a glance: of a longer path beginning and end are shown, and the JSON has the whole. */
function told(text: string): Piece {
  const half = toldCharsMax / 2;
  return { text: text.length > toldCharsMax ? `${text.slice(0, half)}…${text.slice(-half)}` : text, isTold: true };
}

function ours(text: string): Piece {
  return { text, isTold: false };
}
