import { readFile } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { Duration, durationMs } from '../shared/duration.ts';
import { EnrolmentWay } from '../shared/enrolment.ts';
import { CodedError, sentenceOf } from '../shared/errors.ts';
import { isLoopback } from '../shared/loopback.ts';
import { installed } from '../shared/manifest.ts';
import { expectedRate, expectedShare, parseBytesPerSecond, parseCpuShare } from './collect/pace.ts';
import { expectedMemory, parseMemory } from './sweep-heap.ts';

/** More are better watched as a whole. */
const watchedFoldersMax = 64;
const path = z.string().startsWith('/', 'expected an absolute path').max(4_096);

/** The agent's door on the server; only its origin and a prefix are configured. */
const agentPath = '/agent/v1';
const schemes: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' };

/** Kept as written: the sweep's child is given it. */
function limit(parse: (text: string) => number | undefined, expected: string) {
  return z
    .string()
    .refine((text) => text === 'none' || parse(text) !== undefined, `${expected}, or none`)
    .default('none');
}

const labelsMax = 16;

/** `agent.yaml`. Strict: a setting that is misspelt must not be ignored. */
export const AgentConfig = z
  .strictObject({
    server: z
      .string()
      .max(2_048)
      .refine(
        (text) => agentUrl(text) !== undefined,
        'expected a ws, wss, http or https URL without credentials or query',
      )
      .refine(
        (text) => agentUrl(text) === undefined || isProtected(text),
        'expected wss or https: ws and http only where the server is on this machine, since anybody on the way could read and write along',
      )
      .describe('URL of pristine-server, such as wss://pristine.example'),
    ca: path
      .optional()
      .describe(
        'file with CA certificates (PEM): one of them, and no other, must have signed the certificate of the server. Without it, a CA that the system trusts',
      ),
    root: path.default('/').describe('the tree that is compared with the manifest'),
    manifest: path.default(installed.manifest).describe('directory of the baked manifest'),
    components: path
      .default(installed.components)
      .describe(
        'directory with the manifests of components, each in a directory of its name; the rules of the image say which',
      ),
    pub: path.default(installed.pub).describe('file with the public keys that manifests are trusted by'),
    stateDir: path
      .default(installed.stateDir)
      .describe('where the identity key, the boot counter, the spool and status.json live'),
    enrol: EnrolmentWay.default('token').describe(
      'what vouches for this instance until the server has enrolled its key: a join `token`, the instance identity document of `aws`, or a projected service-account token of `kubernetes`',
    ),
    joinTokenFile: path.optional().describe('file with the join token'),
    awsMetadata: z
      .string()
      .max(256)
      .refine(isOnThisLink, 'expected an http URL of a link-local or loopback address')
      .default('http://169.254.169.254')
      .describe('the metadata service of EC2'),
    kubernetesTokenFile: path
      .default('/var/run/secrets/pristine/token')
      .describe('the projected service-account token, of an audience that is the server’s alone'),
    labels: z
      .record(z.string().regex(/^[A-Za-z0-9._-]{1,59}$/, 'expected 1 to 59 of A-Z a-z 0-9 . _ -'), z.string().max(256))
      .refine((labels) => Object.keys(labels).length <= labelsMax, `expected at most ${labelsMax}`)
      .default({})
      .describe('what this instance claims about itself: shown to people as `self.*`; no policy can select by it'),
    sweepEvery: Duration.default('6h')
      .refine((text) => durationMs(text) >= sweepEveryMsMin, 'expected at least 1s')
      .describe(
        'time between sweeps, give or take a quarter; once a day one looks at everything. With more than 12h, the evidenceTtl of the server must grow too',
      ),
    sweepBytesPerSecondMax: limit(parseBytesPerSecond, expectedRate).describe(
      'file contents that a sweep reads in a second, such as 50M, or none; what comes into the page cache by it goes out again',
    ),
    sweepCpuShareMax: limit(parseCpuShare, expectedShare).describe(
      'CPU time of a sweep as a share of one core, such as 25%, or none; the page cache as with the bytes',
    ),
    sweepHeapMax: limit(parseMemory, expectedMemory).describe(
      'heap of a sweep, such as 256M, or none; one that would need more ends, and is a hole that says so',
    ),
    watch: z
      .union([z.boolean(), z.literal('inotify'), z.array(path).min(1).max(watchedFoldersMax)])
      .default(true)
      .describe(
        'whether changes are looked at as they happen, and not only by sweeps: `true` by one mark for each filesystem where the kernel lets us, and else by a watch of each directory; `inotify` by the latter alone; a list of folders within the root: these alone',
      ),
    commandLines: z
      .enum(['masked', 'shown'])
      .default('masked')
      .describe(
        'how findings show the command of who made a change: without the values of its arguments, or with all of them, secrets redacted where they are known for such',
      ),
  })
  .refine(({ server, ca }) => ca === undefined || agentUrl(server)?.startsWith('wss:') !== false, {
    path: ['ca'],
    message: 'expected a server by wss or https, or no ca: nothing shows a certificate here',
  })
  .meta({ id: 'AgentConfig', description: 'Settings of `pristine run`.' });
export type AgentConfig = z.infer<typeof AgentConfig>;

const sweepEveryMsMin = 1_000;
const configBytesMax = 65_536;

/** Errors: CONFIG, which names the file, the key, and what to do. */
export async function loadConfig(file: string): Promise<AgentConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodedError(
      'CONFIG',
      `${file}: cannot be read (${sentenceOf(cause)}). Write one, or name another with --config`,
      cause,
    );
  }
  return await parseConfig(text, file);
}

/** Errors: CONFIG. */
export async function parseConfig(text: string, file: string): Promise<AgentConfig> {
  if (text.length > configBytesMax)
    throw new CodedError('CONFIG', `${file}: expected at most ${configBytesMax} characters`);
  // Loaded here, because only a start needs it.
  const { parse } = await import('yaml');
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 0 });
  } catch (cause) {
    throw new CodedError('CONFIG', `${file}: not YAML: ${sentenceOf(cause)}`, cause);
  }
  const result = AgentConfig.safeParse(document ?? {});
  if (result.success) return result.data;
  throw new CodedError('CONFIG', `${file}: ${result.error.issues.map(adviceOf).join('; ')}`, result.error);
}

function adviceOf(issue: z.core.$ZodIssue): string {
  const known = Object.keys(AgentConfig.shape).join(', ');
  if (issue.code === 'unrecognized_keys')
    return `unknown key ${issue.keys.join(', ')}: remove it; the keys are ${known}`;
  const key = issue.path.join('.');
  if (key === '') return `expected keys and values; the keys are ${known}`;
  const meant = AgentConfig.shape[key as keyof AgentConfig]?.description;
  return `${key}: ${issue.message}; set ${key} to ${meant ?? 'a value'}`;
}

/** Nobody but this machine and its host can answer there (RFC 3927, RFC 4291; EC2 has fd00:ec2::254 of its own). */
function isOnThisLink(text: string): boolean {
  const url = URL.parse(text);
  if (
    url?.protocol !== 'http:' ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.pathname !== '/'
  )
    return false;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const link = new BlockList();
  link.addSubnet('169.254.0.0', 16);
  link.addSubnet('127.0.0.0', 8);
  link.addAddress('::1', 'ipv6');
  link.addAddress('fd00:ec2::254', 'ipv6');
  return isIP(host) !== 0 && link.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

/** Where the agent connects to. */
export function agentUrl(server: string): string | undefined {
  const url = URL.parse(server);
  const scheme = url === null ? undefined : schemes[url.protocol];
  if (url === null || scheme === undefined || url.host === '') return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  return `${scheme}//${url.host}${url.pathname.replace(/\/+$/, '')}${agentPath}`;
}

/** By TLS, or without leaving this machine. */
function isProtected(server: string): boolean {
  const { protocol, hostname } = new URL(server);
  return schemes[protocol] === 'wss:' || isLoopback(hostname);
}
