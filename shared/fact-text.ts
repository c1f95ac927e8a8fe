import type { FactSubject } from './fact.ts';
import type { Difference } from './finding.ts';
import { isLiveSubject } from './live.ts';
import { liveSentence } from './live-text.ts';

/**
 * What a difference in configuration or packages means, in one line: "user eve added, uid 0". Of any subject that is not a
 * file, what runs on the machine included; one that this version does not know reads as it is called. Not yet safe for a terminal.
 */
export function factSentence(finding: Difference): string {
  const { subject, name, change } = finding;
  if (isLiveSubject(subject)) return liveSentence(finding);
  if (!Object.hasOwn(sentences, subject)) return `${subject} ${name} ${change}`;
  return sentences[subject as FactSubject](partsOf(finding));
}

/** A finding as sentences need it. */
interface Parts {
  readonly name: string;
  readonly change: Difference['change'];
  /** The attributes as they are, or were where the subject is gone. */
  readonly now: Difference['actual'];
  /** One of them as text, short. */
  readonly has: (attribute: string) => string | undefined;
  readonly before: (attribute: string) => string | undefined;
  /** Of those of these that differ: `, uid 5 → 0, members + eve`. Empty where none does. */
  readonly changes: (...attributes: readonly string[]) => string;
}

const sentences: Readonly<Record<FactSubject, (of: Parts) => string>> = {
  'authorized-key': (of) => {
    if (of.has('keyType') === undefined) return lineSentence(of);
    const [account, key] = splitKeyName(of.name);
    const who = isAuthority(of) ? `keys certified by ${key}` : `key ${key}`;
    const limits = of.has('options') === undefined ? '' : `, with ${of.has('options')}`;
    switch (of.change) {
      case 'added':
        return `${who} may log in as ${account}${limits}`;
      case 'removed':
        return `${who} may no longer log in as ${account}`;
      case 'modified':
        return `${who} for ${account} changed${of.changes('keyType', 'options', 'files')}`;
      default:
        return of.change satisfies never;
    }
  },
  'ca-certificate': (of) => {
    const who =
      of.has('subjectName') === undefined ? `certificate ${of.name}` : `certificate of ${of.has('subjectName')}`;
    switch (of.change) {
      case 'added':
        return `${who} is trusted${of.has('notAfter') === undefined ? '' : ` until ${of.has('notAfter')}`}`;
      case 'removed':
        return `${who} is no longer trusted`;
      case 'modified':
        return `trusted ${who} changed${of.changes('subjectName', 'notAfter', 'files')}`;
      default:
        return of.change satisfies never;
    }
  },
  cmdline: (of) => listSentence(of, `kernel command line of ${of.name}`, 'parameters'),
  cron: (of) => {
    if (of.change === 'modified')
      return `cron job changed${of.changes('schedule', 'user', 'command', 'files')}: ${of.name}`;
    const user = of.has('user') === undefined ? '' : ` as ${of.has('user')}`;
    return `cron job ${of.change}: ${of.has('schedule')}${user}: ${of.has('command')}`;
  },
  group: (of) => {
    if (of.has('gid') === undefined) return lineSentence(of);
    if (of.change === 'modified') return `group ${of.name} changed${of.changes('gid', 'members', 'files')}`;
    const members = of.has('members');
    return `group ${of.name} ${of.change}, gid ${of.has('gid')}${members ? `, members ${members}` : ''}`;
  },
  'kernel-module': (of) => listSentence(of, `module setting ${of.name}`, 'values'),
  'library-path': (of) => listSentence(of, `library path of ${of.name}`, 'directories'),
  package: (of) => {
    const [from, to] = [of.before('version'), of.has('version')];
    if (of.change !== 'modified') return `package ${of.name} ${to} ${of.change}`;
    return from === to
      ? `package ${of.name} ${to} changed${of.changes('status', 'purl')}`
      : `package ${of.name} ${from} → ${to}`;
  },
  pam: (of) => listSentence(of, `what PAM asks for ${of.name}`, 'rules'),
  preload: (of) =>
    of.change === 'removed'
      ? `${of.name} is no longer loaded into every program`
      : `${of.name} is loaded into every program${of.changes('files')}`,
  repository: (of) => {
    if (of.change === 'modified')
      return `package source ${of.name} changed${of.changes('enabled', 'options', 'files')}`;
    return `package source ${of.name} ${of.change}`;
  },
  sudoers: (of) => `sudoers rule ${of.change}: ${of.name}`,
  sysctl: (of) =>
    of.change === 'modified'
      ? `sysctl ${of.name}${of.changes('value', 'files').replace(/^, value/, '')}`
      : `sysctl ${of.name} = ${of.has('value')} ${of.change}`,
  unit: (of) => {
    const [was, is] = [of.before('state'), of.has('state')];
    if (of.change !== 'modified') return `unit ${of.name} ${of.change}, ${is}`;
    const rest = of.changes('dropIns', 'triggers', 'commands', 'files');
    return was === is ? `unit ${of.name}, ${is}, changed${rest}` : `unit ${of.name} was ${was}, is ${is}${rest}`;
  },
  user: (of) => {
    if (of.has('uid') === undefined) return lineSentence(of);
    if (of.change === 'modified') {
      return `user ${of.name} changed${of.changes('uid', 'gid', 'home', 'shell', 'password', 'files')}`;
    }
    const password = of.change === 'added' && of.has('password') === 'none' ? ', no password is asked' : '';
    return `user ${of.name} ${of.change}, uid ${of.has('uid')}${password}`;
  },
};

function partsOf({ name, change, attributes, expected, actual }: Difference): Parts {
  const now = change === 'removed' ? expected : actual;
  const shown = (value: unknown) => (value === undefined ? undefined : textOf(value));
  return {
    name,
    change,
    now,
    has: (attribute) => shown(now[attribute]),
    before: (attribute) => shown(expected[attribute]),
    changes: (...wanted) =>
      wanted
        .filter((attribute) => change === 'modified' && attributes.includes(attribute))
        .map((attribute) => `, ${attribute} ${changeText(expected[attribute], actual[attribute])}`)
        .join(''),
  };
}

const itemsMax = 4;
const charactersMax = 200;

/** A sentence is read at a glance: the whole of a long list stands beneath it. */
function textOf(value: unknown): string {
  if (!Array.isArray(value)) return shortened(String(value));
  const more = value.length > itemsMax ? [`${value.length - itemsMax} more`] : [];
  return shortened([...value.slice(0, itemsMax), ...more].join(', '));
}

function shortened(text: string): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}

function changeText(was: unknown, is: unknown): string {
  if (!Array.isArray(was) || !Array.isArray(is)) return `${textOf(was ?? 'none')} → ${textOf(is ?? 'none')}`;
  const [before, after] = [new Set(was), new Set(is)];
  const signed = (sign: string, items: readonly unknown[]) => (items.length > 0 ? [`${sign} ${textOf(items)}`] : []);
  const parts = [
    ...signed(
      '+',
      is.filter((item) => !before.has(item)),
    ),
    ...signed(
      '−',
      was.filter((item) => !after.has(item)),
    ),
  ];
  return parts.length > 0 ? parts.join(', ') : 'in another order';
}

/** What a parser did not understand is named after its file and itself. */
function lineSentence({ name, change }: Parts): string {
  return `line ${change}, not understood: ${name}`;
}

/** The option outside quotes. In a finding, which is written as names are, an escaped quote has two backslashes. */
function isAuthority({ now }: Parts): boolean {
  const options = String(now['options'] ?? '').replace(/"(?:\\\\"|[^"])*"/g, '');
  return options.split(',').includes('cert-authority');
}

/** `eve SHA256:… #2`: the number tells apart what is said otherwise of the same key. */
function splitKeyName(name: string): readonly [account: string, key: string] {
  const at = name.lastIndexOf(' SHA256:');
  return [name.slice(0, at), name.slice(at + 1).replace(/ #\d+$/, '')];
}

/** Of a subject that is one list. */
function listSentence(of: Parts, title: string, attribute: string): string {
  if (of.change !== 'modified') {
    const value = of.has(attribute);
    return `${title} ${of.change}${value ? `: ${value}` : ''}`;
  }
  return `${title} changed:${of.changes(attribute, 'files').slice(1).replace(`${attribute} `, '')}`;
}
