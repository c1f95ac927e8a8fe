import { z } from 'zod';

const id = z.int().nonnegative();

export const programCharsMax = 1_024;
export const unitCharsMax = 256;
export const containerCharsMax = 128;

export const parentsMax = 8;
export const commandCharsMax = 1_024;

/** A program, as far as anybody could still see it: null where its process had ended before. */
const Program = z.string().max(programCharsMax).nullable();

/**
 * The process behind a change, as the kernel named it while it happened. Like the hint that it comes with it is a help for
 * people and no fact: it decides nothing and is no part of a fingerprint. What is null was not there, or was gone before it
 * could be read.
 */
export const Actor = z
  .strictObject({
    pid: id.describe('0 where the kernel did not say'),
    program: Program.describe('path of its executable (proc_pid_exe(5))'),
    command: z
      .string()
      .max(commandCharsMax)
      .nullable()
      .describe('its command line; arguments are masked unless the configuration of the agent shows them'),
    uid: id.nullable().describe('effective user'),
    loginUid: id.nullable().describe('who logged in, whoever they became since (audit); null where nobody did'),
    session: id.nullable().describe('of that login (audit)'),
    unit: z.string().max(unitCharsMax).nullable().describe('systemd unit, from its control group'),
    container: z.string().max(containerCharsMax).nullable().describe('container id, from its control group'),
    parents: z
      .array(z.strictObject({ pid: id, program: Program }))
      .max(parentsMax)
      .describe('from the nearest on'),
  })
  .meta({ id: 'Actor' });
export type Actor = z.infer<typeof Actor>;

/** What is longer than an actor may say is cut, with a mark: others choose their names. */
export function boundActor({ program, command, unit, container, parents, ...rest }: Actor): Actor {
  return {
    ...rest,
    program: cut(program, programCharsMax),
    command: cut(command, commandCharsMax),
    unit: cut(unit, unitCharsMax),
    container: cut(container, containerCharsMax),
    parents: parents.slice(0, parentsMax).map((one) => ({ pid: one.pid, program: cut(one.program, programCharsMax) })),
  };
}

export const cutMark = '…';

function cut(text: string | null, charsMax: number): string | null {
  return text === null || text.length <= charsMax ? text : text.slice(0, charsMax - cutMark.length) + cutMark;
}

/** Of one finding. */
export const actorsMax = 4;

/** One of each kind, the first ones: two processes of one program with one origin are one for those who read. */
export function differentActors(actors: Iterable<Actor>): readonly Actor[] {
  const different = new Map<string, Actor>();
  for (const actor of actors) {
    if (different.size === actorsMax) break;
    const key = actorKey(actor);
    if (!different.has(key)) different.set(key, actor);
  }
  return [...different.values()];
}

function actorKey({ program, command, uid, loginUid, session, unit, container }: Actor): string {
  return JSON.stringify([program, command, uid, loginUid, session, unit, container]);
}
