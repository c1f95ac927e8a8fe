import { redacted } from '../../secrets/redact.ts';
import { linesOf, normalised, trimmed, trimmedStart } from './lines.ts';

/** One line of a table, as its daemon reads it, and secrets redacted. */
export interface CronLine {
  /** `*\/5 * * * *`, `@reboot`; `environment` of an assignment; `unknown` of a line that is none of these. */
  readonly schedule: string;
  readonly user?: string;
  readonly command: string;
  /** All of it, with single blanks between the fields. */
  readonly text: string;
}

const assignment = /^(?:"[^"=]*"|'[^'=]*'|[A-Za-z_][A-Za-z0-9_]*)[ \t]*=/;
const field = /^[0-9A-Za-z*,/~?#-]+$/;
const nickname = /^@[a-z]+$/;
const userName = /^[A-Za-z0-9_.\\][A-Za-z0-9_.@\\$-]*(?::[A-Za-z0-9_.-]+)?(?:\/[A-Za-z0-9_.-]+)?$/;

/**
 * A crontab (crontab(5)): with a field for the user in those of the system. A `%` in a command stays: what follows it is
 * what the command reads. One that lacks a field, as every table copied from a user's to the system's does, is `unknown`.
 */
export function parseCrontab(text: string, ofSystem: boolean): readonly CronLine[] {
  return said(text).map((line) => {
    if (assignment.test(line)) return environment(line);
    // SUSE's cron logs no line that begins with a dash.
    const start = line.startsWith('-') ? line.slice(1) : line;
    const times = start.startsWith('@') ? 1 : 5;
    const { fields, rest } = splitFields(start, times + (ofSystem ? 1 : 0));
    const schedule = fields.slice(0, times);
    const isSchedule = times === 1 ? nickname.test(schedule[0]!) : schedule.every((part) => field.test(part));
    const user = ofSystem ? fields[times] : undefined;
    if (!isSchedule || rest === '' || (ofSystem && (user === undefined || !userName.test(user)))) return unknown(line);
    const command = commandOf(user, rest);
    return {
      schedule: schedule.join(' '),
      ...(user === undefined ? {} : { user }),
      command,
      text: `${fields.join(' ')} ${command}`,
    };
  });
}

/** In a table copied from a user's, what stands in the field for the user is the program. */
function commandOf(user: string | undefined, rest: string): string {
  const whole = redacted(`${user ?? ''} ${rest}`, 'command');
  return whole.startsWith(`${user ?? ''} `) ? whole.slice((user?.length ?? 0) + 1) : redacted(rest, 'command');
}

/** anacrontab(5): the days between, the minutes of delay, a name, a command. `7 25 cron.weekly` is the schedule. */
export function parseAnacrontab(text: string): readonly CronLine[] {
  const joined = text.replaceAll('\\\r\n', ' ').replaceAll('\\\n', ' ');
  return said(joined).map((line) => {
    if (assignment.test(line)) return environment(line);
    const { fields, rest } = splitFields(line, 3);
    const isSchedule = /^(?:\d+|@[a-z]+)$/.test(fields[0] ?? '') && /^\d+$/.test(fields[1] ?? '');
    if (!isSchedule || rest === '') return unknown(line);
    const command = redacted(rest, 'command');
    return { schedule: fields.join(' '), user: 'root', command, text: `${fields.join(' ')} ${command}` };
  });
}

/** A job of at(1): its name says when, its second line whose; what runs stands behind the step into its directory. */
export function parseAtJob(name: string, text: string): CronLine {
  const when = /^[A-Za-z=][0-9a-f]{5}([0-9a-f]{8})$/.exec(name);
  const minutes = when === null ? Number.NaN : Number.parseInt(when[1]!, 16);
  const schedule = Number.isNaN(minutes) ? 'unknown' : `at ${new Date(minutes * 60_000).toISOString()}`;
  const user = /^# atrun uid=(\d{1,10}) gid=\d{1,10}$/m.exec(text.slice(0, 1024))?.[1];
  const header = text.indexOf('\n}\n');
  const command = redacted(trimmed(header === -1 ? text : text.slice(header + 3)), 'command');
  return { schedule, ...(user === undefined ? {} : { user }), command, text: name };
}

/** The names that run-parts(8) and Debian's cron take from a directory; elsewhere cronie leaves out what editors leave behind. */
export function isTakenByCron(name: string, distro: string): boolean {
  if (distro === 'debian' || distro === 'ubuntu') return /^[A-Za-z0-9_-]+$/.test(name);
  return !/^[.#]|~$|,$|,v$|\.(?:rpmsave|rpmorig|rpmnew|cfsaved|swp)$/.test(name);
}

function said(text: string): readonly string[] {
  return linesOf(text)
    .map(trimmedStart)
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function environment(line: string): CronLine {
  const text = redacted(trimmed(line), 'plain');
  return { schedule: 'environment', command: text, text };
}

function unknown(line: string): CronLine {
  const text = redacted(normalised(line), 'plain');
  return { schedule: 'unknown', command: text, text };
}

function splitFields(line: string, count: number): { readonly fields: readonly string[]; readonly rest: string } {
  const fields: string[] = [];
  let rest = line;
  while (fields.length < count && rest !== '') {
    const end = rest.search(/[ \t]/);
    fields.push(end === -1 ? rest : rest.slice(0, end));
    rest = end === -1 ? '' : trimmedStart(rest.slice(end));
  }
  return { fields, rest: trimmed(rest) };
}
