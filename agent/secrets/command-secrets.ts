import type { Dialect, Span } from './secrets.ts';

/** How a program takes a secret: `glued` as `-psecret`, or apart as `-p secret` too; some only behind a word, as `login`. */
interface Taking {
  /** Between blanks; a star at the end is any ending. */
  readonly programs: string;
  readonly option: RegExp;
  readonly as: 'glued' | 'both';
  readonly behind?: string;
}

/** Options that do not say by themselves that what they take is secret. */
const takings: readonly Taking[] = [
  { programs: 'mysql* mariadb* xtrabackup mydumper', option: /^-p/, as: 'glued' },
  { programs: '7z 7za 7zr 7zz rar unrar', option: /^-p/, as: 'glued' },
  { programs: 'curl wget', option: /^-[uU](?=[^:]*:)/, as: 'glued' },
  { programs: 'sshpass mongo* rabbitmqadmin cqlsh useradd usermod', option: /^-p/, as: 'both' },
  { programs: 'docker podman nerdctl helm az oras crane', option: /^-p/, as: 'both', behind: 'login' },
  { programs: 'redis-cli valkey-cli', option: /^-a/, as: 'both' },
  { programs: 'ldappasswd', option: /^-[was]/, as: 'both' },
  { programs: 'ldap*', option: /^-w/, as: 'both' },
  { programs: 'ipmitool zip unzip mosquitto_* sqlcmd bcp isql tsql', option: /^-P/, as: 'both' },
  { programs: 'smb* rpcclient net', option: /^-U(?=[^%]*%)/, as: 'glued' },
  { programs: 'lftp', option: /^-u/, as: 'both' },
  { programs: 'ncftp*', option: /^-p/, as: 'both' },
  { programs: 'openssl', option: /^-[kK]$/, as: 'both' },
  {
    programs:
      'snmpget snmpgetnext snmpset snmpwalk snmpbulkget snmpbulkwalk snmptrap snmpinform snmpstatus snmptable snmpdf snmpdelta snmptest snmpusm snmpvacm',
    option: /^-[cAX]/,
    as: 'both',
  },
];

/** The last part of a path, with what shells and units write before a program: the group that matches says which. */
const program = new RegExp(
  `(?:^|[/"'\`(@+!:;&|=-])(?:${takings
    .map(({ programs }) => `(${programs.replaceAll(' ', '|').replaceAll('*', '[A-Za-z0-9_.-]{0,32}')})`)
    .join('|')})["']?$`,
);
const programCharsMax = 64;

/** What a command gives to a program that is known to take a secret there, and `-u name:password`. */
export function commandSecrets(line: string, dialect: Dialect): readonly Span[] {
  return [...logins(line, dialect), ...takenSecrets(line), ...pipedSecrets(line)];
}

const loginTakers =
  /(?<![A-Za-z0-9_.-])(?:curl|wget|smb[a-z]{0,16}|rpcclient|net|lftp|rabbitmqadmin)(?![A-Za-z0-9_.-])/;

/**
 * `curl -u name:password`, `smbclient -U name%password`, but not the numbers of a user and a group; and in netrc(5)
 * `login name password word`.
 */
function logins(line: string, dialect: Dialect): readonly Span[] {
  // `podman run -u NAME:GROUP`: who a container runs as must be seen.
  if ((dialect === 'command' || dialect === 'sudoers') && !loginTakers.test(line)) return [];
  const form =
    /(?<=(?:^|[ \t-\r])login[ \t-\r]{1,8}[^ \t-\r]{1,256}[ \t-\r]{1,8}password[ \t-\r]{1,8})([^ \t-\r]+)|(?<=^|[ \t-\r"'])(?:-u|-U|--(?:proxy-)?user)[ \t-\r=]{1,8}(?!\d{1,5}:\d{1,5}(?:[ \t-\r"']|$))(?=[^ \t-\r:%]{1,256}[:%])([^ \t-\r]+)/g;
  return [...line.matchAll(form)].map((match) => {
    const to = match.index + match[0].length;
    return { from: to - (match[1] ?? match[2]!).length, to };
  });
}

function takenSecrets(line: string): readonly Span[] {
  const spans: Span[] = [];
  let taking: Taking | undefined;
  let isBehind = false;
  let isNext = false;
  for (const { index, 0: word } of line.matchAll(/[^ \t-\r]+/g)) {
    const to = index + word.length;
    const found = /^-(?!\/)/.test(word) ? undefined : takingOf(word);
    if (isNext) {
      spans.push({ from: index, to });
      isNext = false;
    } else if (found !== undefined) {
      taking = found;
      isBehind = found.behind === undefined;
    } else if (taking !== undefined) {
      isBehind ||= word === taking.behind;
      const option = isBehind ? taking.option.exec(word) : null;
      const isWhole = option?.[0] === word;
      if (isWhole) isNext = taking.as !== 'glued';
      else if (option !== null) spans.push({ from: index + option[0].length, to });
      // Of `sshpass -p x ssh -p 22`, the second is a port.
      if ((option !== null && isWhole === isNext) || /^[;&|]|[;&|]$/.test(word)) taking = undefined;
    }
  }
  return spans;
}

function takingOf(word: string): Taking | undefined {
  const groups = program.exec(word.slice(-programCharsMax))?.slice(1);
  return groups === undefined ? undefined : takings[groups.findIndex((group) => group !== undefined)];
}

const pipedCharsMax = 256;
const takers =
  /^[^|;]*\|[ \t]*(?:sudo[ \t]+)?(?:[^ \t|;]*\/)?(?:chpasswd|smbpasswd|cryptsetup|passwd[ \t]+--stdin|sudo[ \t]+-S)\b/;

/** `echo root:password | chpasswd`. */
function pipedSecrets(line: string): readonly Span[] {
  return [...line.matchAll(/\b(?:echo|printf)[ \t]+/g)].flatMap(({ index, 0: { length } }) => {
    const from = index + length;
    const rest = line.slice(from, from + pipedCharsMax);
    return takers.test(rest) ? [{ from, to: from + rest.indexOf('|') }] : [];
  });
}
