import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Collector, collectFacts, readsAt } from '../../agent/collect/facts/collector.ts';
import { collectors } from '../../agent/collect/facts/collectors.ts';
import { parseModules } from '../../agent/collect/live/modules.ts';
import { programOf } from '../../agent/collect/live/program.ts';
import { parseSockets } from '../../agent/collect/live/sockets.ts';
import { parseMountinfo } from '../../agent/collect/mounts.ts';
import { parseApkInstalled } from '../../agent/collect/packages/apk.ts';
import { parseStatus } from '../../agent/collect/packages/dpkg.ts';
import { parseDiversions } from '../../agent/collect/packages/dpkg-ownership.ts';
import { parsePackageJson } from '../../agent/collect/packages/npm.ts';
import { parseMetadata } from '../../agent/collect/packages/python.ts';
import { parseRpmHeader } from '../../agent/collect/packages/rpm-header.ts';
import { parseNdb } from '../../agent/collect/packages/rpm-ndb.ts';
import { factsOf } from '../../agent/collect/xattrs.ts';
import { diffTexts } from '../../agent/texts/text-diff.ts';
import { readSignedData } from '../../server/intake/enrolment/signed-data.ts';
import { parseEnvelope } from '../../shared/dsse.ts';
import { parseEntryLine, writeEntryLine } from '../../shared/entry-line.ts';
import { encodeName, nameBytes, rawNameBytesMax, terminalSafe } from '../../shared/name.ts';
import { compilePattern, isPattern, patternCharsMax } from '../../shared/pattern.ts';
import { parseAgentMessage, parseServerMessage } from '../../shared/protocol.ts';
import { TextDiff } from '../../shared/text-diff.ts';
import { rsaCertificate } from '../support/certificates.ts';
import { memoryRoot } from '../support/memory-root.ts';
import { signedDataOf } from '../support/signed-data.ts';
import { documentTargets } from './document-targets.ts';
import { imageTargets } from './image-targets.ts';
import { systemFiles } from './system-files.ts';
import { watchTargets } from './watch-targets.ts';

/** A parser and what it must understand. An answer of undefined says that the input is not understood. */
export interface Target {
  readonly name: string;
  readonly examples: readonly Buffer[];
  /** May be a promise. */
  readonly run: (input: Buffer) => unknown;
}

const signer = rsaCertificate();
const ndb = readFileSync(join(import.meta.dirname, '../fixtures/rpm/Packages.db'));
const latin1 = (input: Buffer) => input.toString('latin1');
const utf8 = (input: Buffer) => input.toString('utf8');

const paragraph =
  'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\nConffiles:\n /etc/bash.bashrc 0123\nDescription: shell\n of all\n';
const installed =
  'C:Q1abc=\nP:musl\nV:1.2.4-r2\nA:x86_64\nF:lib\nR:libc.so\na:0:0:755\nZ:Q1mQg=\n\nP:zlib\nV:1.3\nA:x86_64\n';
const mountinfo =
  '22 1 0:21 / /proc rw,nosuid shared:5 - proc proc rw\n30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n31 30 8:1 /a /mnt/with\\040space rw - ext4 /dev/sda1 rw\n';
const entry =
  '{"content":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","gid":0,"mode":"0644","name":"/etc/\\\\xff","size":"3","subject":"file","type":"file","uid":0}';
const envelope =
  '{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"a","sig":"AAAA"}]}';
const heartbeat = `{"type":"heartbeat","boot":1,"seq":2,"stateDigest":"sha256:${'0'.repeat(64)}"}`;

const tcpTable =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18373 1 0000000000000000 100 0 0 10 0\n';
const udpTable =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n  12: 00000000000000000000000000000000:0223 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 99 2 0000000000000000 0\n';
const packetTable =
  'sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n0000000000000000 3      3    0003   2     1 0      0      4711\n';

const parsers: readonly Target[] = [
  {
    name: 'dpkg status',
    examples: texts(paragraph, `${paragraph}\n${paragraph.replace('bash', 'zsh')}`),
    run: (input) => parseStatus(latin1(input)),
  },
  {
    name: 'dpkg diversions',
    examples: texts('/bin/sh\n/bin/sh.distrib\ndash\n'),
    run: (input) => parseDiversions(latin1(input)),
  },
  { name: 'apk installed', examples: texts(installed), run: (input) => parseApkInstalled(latin1(input), () => true) },
  { name: 'rpm ndb', examples: [ndb], run: parseNdb },
  { name: 'rpm header', examples: parseNdb(ndb)!.slice(0, 4), run: parseRpmHeader },
  {
    name: 'python metadata',
    examples: texts('Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\n\ntext\n'),
    run: (input) => parseMetadata(latin1(input)),
  },
  { name: 'package.json', examples: texts('{"name":"@scope/left-pad","version":"1.3.0"}'), run: parsePackageJson },
  { name: 'mountinfo', examples: texts(mountinfo), run: (input) => parseMountinfo(latin1(input), '') },
  {
    name: 'proc modules',
    examples: texts('ext4 1122304 2 jbd2,mbcache, Live 0xffffffffc0a3e000 (OE)\nmbcache 16384 1 ext4, Live 0x0\n'),
    run: (input) => parseModules(latin1(input)),
  },
  {
    name: 'proc net',
    examples: texts(tcpTable, udpTable, packetTable),
    run: (input) => (['tcp', 'udp', 'raw', 'packet'] as const).map((protocol) => parseSockets(latin1(input), protocol)),
  },
  {
    name: 'program of a process',
    examples: texts('/usr/bin/x', '/usr/bin/x (deleted)', '/memfd:x (deleted)'),
    run: (input) => programOf(latin1(input), 'a', (path) => (path.length % 2 === 0 ? 'a' : undefined)),
  },
  {
    name: 'extended attributes',
    examples: [
      Buffer.from('0100000200200000000000000000000000000000', 'hex'),
      Buffer.from('02000000010006000000000004000400ffffffff20000400ffffffff', 'hex'),
    ],
    run: attributesOf,
  },
  { name: 'entry line', examples: texts(entry), run: entryOf },
  { name: 'envelope', examples: texts(envelope), run: (input) => parseEnvelope(utf8(input)) },
  { name: 'name', examples: texts('/a/b', '/\u00e9\\'), run: nameOf },
  { name: 'pattern', examples: texts('/usr/**/[a-z]*?\0/usr/lib/x/abc', '/**/a\0/b/c/a'), run: patternOf },
  {
    name: 'text diff',
    examples: texts(
      'Port 22\npassword = one\n\0Port 23\nexport API_KEY="two\nthree"\n',
      'a: |\n  b\n<secret>x</secret>\n\0-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n',
    ),
    run: diffOf,
  },
  { name: 'agent message', examples: texts(heartbeat), run: (input) => parseAgentMessage(utf8(input)) },
  {
    name: 'signed data',
    examples: [{}, { isDefinite: true }, { hasAttributes: false }].map((shape) =>
      signedDataOf('{"instanceId":"i-0123456789abcdef0"}', signer, shape),
    ),
    run: readSignedData,
  },
  {
    name: 'server message',
    examples: texts('{"type":"scan","reason":"requested"}'),
    run: (input) => parseServerMessage(utf8(input)),
  },
];

export const targets: readonly Target[] = [
  ...parsers,
  ...documentTargets,
  ...imageTargets,
  ...watchTargets,
  ...collectors.map(collectorTarget),
];

function texts(...examples: readonly string[]): readonly Buffer[] {
  return examples.map((example) => Buffer.from(example, 'latin1'));
}

function attributesOf(input: Buffer): unknown {
  const names = ['security.capability', 'system.posix_acl_access', 'security.selinux', 'user.a'];
  return factsOf(new Map(names.map((name) => [name, input])));
}

function entryOf(input: Buffer): unknown {
  const line = utf8(input);
  const parsed = parseEntryLine(line);
  if (writeEntryLine(parsed) !== line) throw new Error('it was accepted, and is written otherwise');
  return parsed;
}

function nameOf(input: Buffer): unknown {
  const name = encodeName(input);
  if (!nameBytes(name)?.equals(input)) throw new Error('the name does not come back');
  nameBytes(utf8(input));
  if (/[\x00-\x1f\x7f-\x9f]/.test(terminalSafe(utf8(input)))) throw new Error('it commands the terminal');
  return name;
}

/** Two texts with a NUL between. */
function diffOf(input: Buffer): unknown {
  const [before, after] = utf8(input).split('\0');
  const diff = TextDiff.parse(diffTexts(before, after, '/etc/any.conf'));
  if ('text' in diff && !/^([ +@\\-][^\n]*\n)*$/.test(diff.text)) throw new Error('it has a line without a sign');
  return diff;
}

/** A pattern, a NUL and a path, neither longer than rules and walks hand on: what they cost together is their product. */
function patternOf(input: Buffer): unknown {
  const [pattern = '', path = ''] = latin1(input).split('\0');
  if (pattern.length > patternCharsMax || path.length > rawNameBytesMax) return false;
  return isPattern(pattern) ? compilePattern(pattern)(path) : false;
}

/** A small system in which one file is broken: the collector must say something or make a hole, and never throw. */
function collectorTarget(collector: Collector): Target {
  const files = [...systemFiles()];
  const mine = files.filter(([path]) => readsAt(collector, path));
  return {
    name: `collector ${collector.subject}`,
    examples:
      mine.length === 0 ? texts('') : mine.map(([, content], index) => Buffer.concat([Buffer.from([index]), content])),
    run: (input) => {
      const broken = mine[(input[0] ?? 0) % Math.max(1, mine.length)]?.[0];
      const changed = files.map(([path, content]) => [path, path === broken ? input.subarray(1) : content] as const);
      return collectFacts(memoryRoot(new Map(changed)), 'debian 12', [collector]);
    },
  };
}
