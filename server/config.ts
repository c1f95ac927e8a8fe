import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { Duration, durationMs } from '../shared/duration.ts';
import { CodedError } from '../shared/errors.ts';
import { issuesOf } from '../shared/issues.ts';
import { isLoopback } from '../shared/loopback.ts';
import { EnrolmentConfig } from './intake/enrolment/config.ts';
import { WebhookConfig } from './notify/config.ts';

/** Every option of `pristine-server serve`, each with its sentence; help and reference are made from this. */
export const Config = z.strictObject({
  listen: z
    .string()
    .regex(/^(?:\[[0-9a-f:.]+\]|[^\s:/[\]]+):\d{1,5}$/i, 'expected HOST:PORT, such as 127.0.0.1:7420')
    .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'expected a port of at most 65535')
    .default('127.0.0.1:7420')
    .meta({ value: 'HOST:PORT', description: 'where to listen, for people and agents alike; port 0 takes a free one' }),
  data: z
    .string()
    .min(1)
    .default('/var/lib/pristine-server')
    .meta({ value: 'DIR', description: 'database, admin token and proof key; made at the first start' }),
  databaseUrl: z.string().optional().meta({
    value: 'URL',
    description: 'PostgreSQL instead of the SQLite database in the data directory; not built yet',
  }),
  agentUrl: z
    .string()
    .regex(/^wss?:\/\/[^\s/]+$/, 'expected wss://HOST:PORT, or ws://HOST:PORT')
    .refine(
      (text) => text.startsWith('wss:') || isLoopback(URL.parse(text)?.hostname ?? ''),
      'expected wss://HOST:PORT: agents speak ws to their own machine only',
    )
    .optional()
    .meta({ value: 'URL', description: 'what launched agents connect to, where it is not the address of --listen' }),
  evidenceTtl: Duration.refine((text) => durationMs(text) > 0, 'expected more than 0')
    .default('18h')
    .meta({
      value: 'DURATION',
      description:
        'how long a complete scan vouches for an instance: twice the sweepEvery of its agent and a half at least',
    }),
  lookEvery: z
    .union([
      z.literal('never'),
      Duration.refine((text) => durationMs(text) >= 60_000, 'expected 1m at least, or never'),
    ])
    .default('24h')
    .meta({
      value: 'DURATION',
      description:
        'once in so long the disk of one instance of each group, drawn by lot, is looked at from outside; or never',
    }),
  looksAtOnce: z.coerce
    .number()
    .int()
    .min(1)
    .max(16)
    .default(1)
    .meta({ value: 'N', description: 'disks that are looked at from outside at the same time' }),
  lookWithin: Duration.refine((text) => durationMs(text) > 0, 'expected more than 0')
    .default('1h')
    .meta({ value: 'DURATION', description: 'one look at a disk from outside takes no longer' }),
  lookAnswerWithin: Duration.refine((text) => durationMs(text) > 0, 'expected more than 0')
    .default('6h')
    .meta({
      value: 'DURATION',
      description:
        'an agent that is asked about what it did not tell, and stays connected, has so long for a sweep: three of its longest at least',
    }),
  tlsCertificate: z.string().min(1).optional().meta({
    value: 'FILE',
    description:
      'certificate of the server and those that lead to its CA, PEM; TLS 1.3 with it for people and agents alike. Read again on SIGHUP and whenever it changes',
  }),
  tlsKey: z.string().min(1).optional().meta({ value: 'FILE', description: 'private key of that certificate, PEM' }),
  behindProxy: z
    .union([z.boolean(), z.enum(['true', 'false'], 'expected true or false').transform((text) => text === 'true')])
    .default(false)
    .meta({
      value: 'BOOLEAN',
      description:
        'true where something in front of it ends TLS: only then it listens in plain text for more than this machine',
    }),
  enrolment: EnrolmentConfig.prefault({}).meta({
    description: 'which clouds may vouch for agents, besides join tokens; in the file only',
  }),
  webhook: WebhookConfig.optional().meta({
    description: 'whom to call when something is wrong; in the file only',
  }),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .meta({ value: 'LEVEL', description: 'what is logged to standard error, as JSON lines' }),
});
export type Config = z.infer<typeof Config>;

export interface OptionHelp {
  /** `--database-url URL`. */
  readonly flag: string;
  /** `PRISTINE_DATABASE_URL`. */
  readonly env: string;
  readonly key: keyof Config;
  readonly description: string;
}

/** Those of one value: what has several is written in the file. */
export const configOptions: readonly OptionHelp[] = Object.entries(Config.shape).flatMap(([key, schema]) => {
  const { value, description = '' } = schema.meta() ?? {};
  if (value === undefined) return [];
  const fallback = schema instanceof z.ZodDefault ? ` (default: ${schema.def.defaultValue})` : '';
  const words = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    flag: `--${words} <${value}>`,
    env: `PRISTINE_${words.toUpperCase().replaceAll('-', '_')}`,
    key: key as keyof Config,
    description: `${description}${fallback}`,
  };
});

/**
 * Flag over environment over file over default. Errors: CONFIG with the source and the key that is wrong, and
 * NOT_BUILT_YET for what this release does not have.
 */
export async function readConfig(
  flags: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  const file = flags['config'] ?? env['PRISTINE_CONFIG'];
  const merged: Record<string, unknown> = typeof file === 'string' ? { ...(await readConfigFile(file)) } : {};
  const origin: Record<string, string> = Object.fromEntries(Object.keys(merged).map((key) => [key, String(file)]));
  for (const option of configOptions) {
    const { key } = option;
    if (env[option.env] !== undefined) {
      merged[key] = env[option.env];
      origin[key] = option.env;
    }
    if (flags[key] !== undefined) {
      merged[key] = flags[key];
      origin[key] = option.flag.split(' ')[0] as string;
    }
  }
  const result = Config.safeParse(merged);
  if (!result.success) {
    const lines = issuesOf(result.error).map(({ pointer, detail }) => {
      const [, key = '', ...deeper] = pointer.split('/');
      const from = origin[key] ?? 'configuration';
      // A flag and a variable are named for the key; a file has many.
      const isNamed =
        pointer === '' || configOptions.some(({ flag, env }) => from === env || flag.startsWith(`${from} `));
      return `${isNamed ? from : `${from} ${[key, ...deeper].join('.')}`}: ${detail}`;
    });
    throw new CodedError('CONFIG', lines.join('; '), result.error);
  }
  if (result.data.databaseUrl !== undefined) {
    throw new CodedError(
      'NOT_BUILT_YET',
      `${origin['databaseUrl']}: PostgreSQL is not built yet; leave it out to use SQLite in ${result.data.data}`,
    );
  }
  refuseHalfTls(result.data);
  return result.data;
}

function refuseHalfTls({ tlsCertificate, tlsKey }: Config): void {
  if ((tlsCertificate === undefined) === (tlsKey === undefined)) return;
  const [given, missing] = tlsKey === undefined ? ['tlsCertificate', 'tlsKey'] : ['tlsKey', 'tlsCertificate'];
  throw new CodedError('CONFIG', `${given}: expected ${missing} beside it`);
}

async function readConfigFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodedError('CONFIG', `expected a configuration file at ${file}, and could not read it`, cause);
  }
  const document = parseDocument(text, { merge: false });
  const [error] = document.errors;
  if (error) throw new CodedError('CONFIG', `${file}:${error.linePos?.[0].line ?? 1}: ${error.message.split('\n')[0]}`);
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new CodedError('CONFIG', `${file}: expected keys and values`);
  }
  return value as Readonly<Record<string, unknown>>;
}
