import { commandCharsMax, cutMark } from '../../shared/actor.ts';
import { encodeRaw } from '../../shared/name.ts';
import { redacted } from '../secrets/redact.ts';

/** Whether people may read what was given to a program: it may be a secret of anybody's. */
export type Arguments = 'masked' | 'shown';

const mask = cutMark;

/**
 * A command line for people, from the arguments as /proc/PID/cmdline has them, raw. Masked, the program and the names of
 * options stay, and whatever may be a value does not. Pure.
 */
export function commandOf(cmdline: string, shown: Arguments): string {
  const words = cmdline.replace(/\0$/, '').split('\0');
  const [program = '', ...given] = words;
  const line =
    shown === 'shown'
      ? encodeRaw(redacted(words.join(' '), 'command'))
      : [titleOf(program), ...given.map(masked)].join(' ');
  return line.length <= commandCharsMax ? line : line.slice(0, commandCharsMax - mask.length) + mask;
}

/** Some programs write all of their command line into the first word. */
function titleOf(program: string): string {
  const [first = ''] = program.split(/[ \t\n]/, 1);
  return first === program ? encodeRaw(program) : `${encodeRaw(first)} ${mask}`;
}

/** `--name=value` keeps its name, and `-pvalue` its letter. */
function masked(argument: string): string {
  const name = /^--[a-z][a-z-]{0,31}(?==|$)|^-[A-Za-z]/.exec(argument)?.[0] ?? '';
  if (name !== '' && name === argument) return name;
  return name.startsWith('--') ? `${name}=${mask}` : `${name}${mask}`;
}
