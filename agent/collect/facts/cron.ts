import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import type { Collector, Reader } from './collector.ts';
import { configText, kindOf, targetStat } from './config-files.ts';
import { type CronLine, isTakenByCron, parseAnacrontab, parseAtJob, parseCrontab } from './cron-table.ts';

/** Users' tables: Debian, SUSE, Alpine; and Red Hat, where they lie beside directories of others. */
const userTables = ['/var/spool/cron/crontabs', '/var/spool/cron/tabs', '/etc/crontabs', '/var/spool/cron'];
const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'];
const atJobs = ['/var/spool/cron/atjobs', '/var/spool/at'];

/** What runs by itself at a time. */
export const cron: Collector<'cron'> = {
  subject: 'cron',
  reads: [
    '/etc/crontab',
    '/etc/anacrontab',
    '/etc/cron.d/**',
    ...periods.map((period) => `/etc/cron.${period}/**`),
    '/etc/crontabs/**',
    '/var/spool/cron/**',
    '/var/spool/at/**',
  ],
  collect: function* (reader) {
    yield* tableOf(reader, '/etc/crontab', (text) => parseCrontab(text, true));
    for (const path of files(reader, '/etc/cron.d')) {
      if (isTakenByCron(nameOf(path), reader.distro)) yield* tableOf(reader, path, (text) => parseCrontab(text, true));
    }
    for (const directory of userTables) {
      for (const path of files(reader, directory)) {
        const user = nameOf(path);
        yield* tableOf(reader, path, (text) => parseCrontab(text, false).map((line) => ({ ...line, user })));
      }
    }
    for (const period of periods) yield* scriptsOf(reader, period);
    yield* tableOf(reader, '/etc/anacrontab', parseAnacrontab);
    for (const path of atJobs.flatMap((directory) => files(reader, directory))) {
      if (!nameOf(path).startsWith('.')) yield* tableOf(reader, path, (text) => [parseAtJob(nameOf(path), text)]);
    }
  },
};

function* tableOf(
  reader: Reader,
  path: RawName,
  parse: (text: string) => readonly CronLine[],
): Generator<FactOf<'cron'>> {
  for (const { text, ...line } of parse(configText(reader, path) ?? '')) {
    yield { subject: 'cron', name: `${path} ${text}`, ...line, files: [path] };
  }
}

/** The programs that run-parts runs. What nobody may execute, it passes over. */
function* scriptsOf(reader: Reader, period: string): Generator<FactOf<'cron'>> {
  for (const path of files(reader, `/etc/cron.${period}`)) {
    if (!isTakenByCron(nameOf(path), reader.distro) || ((targetStat(reader, path)?.mode ?? 0) & 0o111) === 0) continue;
    yield { subject: 'cron', name: path, schedule: `@${period}`, user: 'root', command: path, files: [path] };
  }
}

function files(reader: Reader, directory: RawName): readonly RawName[] {
  return reader
    .list(directory)
    .map((name) => `${directory}/${name}`)
    .filter((path) => kindOf(reader, path) === 'file');
}

function nameOf(path: RawName): RawName {
  return path.slice(path.lastIndexOf('/') + 1);
}
