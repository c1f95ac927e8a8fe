import { generateKeyPairSync } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { readBakeConfig } from '../../agent/bake/config-file.ts';
import { compressOptions, inflate } from '../../agent/check/inflate.ts';
import { parseRpmHeader } from '../../agent/collect/packages/rpm-header.ts';
import { parseRpmSqlite } from '../../agent/collect/packages/rpm-sqlite.ts';
import { emptyCoverage } from '../../shared/coverage.ts';
import { parsePublicKeys } from '../../shared/dsse.ts';
import { ManifestStatement, manifestPredicateType } from '../../shared/manifest.ts';
import { Report } from '../../shared/report.ts';
import { openRulebook } from '../../shared/rulebook.ts';
import { RulesStatement, rulesPredicateType } from '../../shared/rules.ts';
import { parseStatement } from '../../shared/statement.ts';
import { anRpmPackage, anRpmSqlite, anRpmSqliteWithLog } from '../support/rpm-database.ts';
import { asDescriptor, asFile, joined, twoOf } from './bytes.ts';
import type { Target } from './targets.ts';

const sha256 = 'ab'.repeat(32);
const rules = [
  { match: ['/var/log/**', '/tmp/**'], as: 'ephemeral' },
  { match: ['/srv/cache/**'], as: 'ignored', reason: 'a cache' },
  { match: ['/opt/su'], as: 'immutable', severity: 'low', override: 'setuid', reason: 'our own su' },
];
const config = `profile: debian
rules:
  - {match: [/var/log/**, "/t m/[a-z]*?"], as: ephemeral}
  - match: [/srv/cache/**]
    as: ignored
    reason: a cache
`;
const statement = (predicateType: string, predicate: object) => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'entries.ndjson', digest: { sha256 } }],
  predicateType,
  predicate,
});
const manifest = statement(manifestPredicateType, {
  image: { name: 'web', version: '7' },
  platform: { os: 'linux', arch: 'x64', distro: 'debian 12' },
  scheme: { version: 1, subjects: ['file'], attributes: { file: ['type', 'mode'] } },
  entries: { bytes: 10, lines: 1 },
  notBaked: [{ name: '/proc', rule: 'mount: proc' }],
  tool: { name: 'pristine', version: '0.1.0' },
});
const ruleBook = statement(rulesPredicateType, {
  image: { name: 'web' },
  sequence: 1,
  profile: 'debian',
  rules,
  pseudoMounts: ['/proc'],
});
const report = {
  schema: 'pristine.report/1',
  image: { name: 'web', version: '7', digest: `sha256:${sha256}` },
  rules: 1,
  root: '/',
  startedAt: '2026-01-01T00:00:00.000Z',
  finishedAt: '2026-01-01T00:00:01.000Z',
  verdict: 'in_sync',
  coverage: { ...emptyCoverage, holes: [{ subject: 'file', name: '/x', reason: 'unreadable' }] },
  findings: [],
  summary: { added: 0, removed: 0, modified: 0 },
};

const database = anRpmSqlite([anRpmPackage('bash', '5.2'), anRpmPackage('zsh', '5.9')]);
const logged = anRpmSqliteWithLog([anRpmPackage('bash', '5.2')], [anRpmPackage('zsh', '5.9')]);
const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
/** How much of a stream is inflated at most: what the statement says, in a manifest. */
const entriesBytesMax = 1_048_576;

export const documentTargets: readonly Target[] = [
  {
    name: 'rpm sqlite',
    examples: [database],
    run: (input) => parseRpmSqlite({ database: input }, parseRpmHeader),
  },
  {
    name: 'rpm sqlite log',
    examples: [joined(logged.database, logged.wal)],
    run: (input) => {
      const [first, wal] = twoOf(input);
      return parseRpmSqlite({ database: first, wal }, parseRpmHeader);
    },
  },
  {
    name: 'entries stream',
    examples: [zstdCompressSync(Buffer.from('{"a":1}\n'.repeat(100)), compressOptions)],
    run: inflated,
  },
  { name: 'manifest statement', examples: [json(manifest)], run: (input) => parseStatement(input, ManifestStatement) },
  {
    name: 'rules statement',
    examples: [json(ruleBook)],
    run: (input) => {
      const { predicate } = parseStatement(input, RulesStatement);
      return openRulebook(predicate.rules).rulingOf('/srv/cache/a');
    },
  },
  { name: 'rules as written', examples: [Buffer.from(config)], run: (input) => readBakeConfig(asFile(input)) },
  { name: 'report', examples: [json(report)], run: (input) => reportOf(input) },
  { name: 'public keys', examples: [Buffer.from(publicKey)], run: (input) => parsePublicKeys(input.toString('utf8')) },
];

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function reportOf(input: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(input.toString('utf8'));
  } catch {
    return undefined;
  }
  return Report.safeParse(value).data;
}

async function inflated(input: Buffer): Promise<number> {
  return await asDescriptor(input, async (fd) => {
    let bytes = 0;
    for await (const chunk of inflate(fd, entriesBytesMax)) bytes += chunk.length;
    if (bytes > entriesBytesMax) throw new Error(`${bytes} bytes were handed on`);
    return bytes;
  });
}
