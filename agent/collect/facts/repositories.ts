import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { parseDeb822Sources, parseSourcesList, type Repository } from './apt-sources.ts';
import type { Collector, Reader } from './collector.ts';
import { configText } from './config-files.ts';
import { parseApkRepositories, parseRepositoryFile } from './rpm-repositories.ts';

interface Source {
  readonly directory?: RawName;
  readonly isTaken?: (name: RawName) => boolean;
  readonly file?: RawName;
  readonly parse: (text: string) => readonly Repository[];
}

/** apt passes over names with any other character. */
const aptName = /^[A-Za-z0-9_.-]+$/;
const dnf = (text: string) => parseRepositoryFile(text, 'rpm');
const isRepo = (name: RawName) => name.endsWith('.repo');

const sources: readonly Source[] = [
  { file: '/etc/apt/sources.list', parse: parseSourcesList },
  {
    directory: '/etc/apt/sources.list.d',
    isTaken: (name) => name.endsWith('.list') && aptName.test(name),
    parse: parseSourcesList,
  },
  {
    directory: '/etc/apt/sources.list.d',
    isTaken: (name) => name.endsWith('.sources') && aptName.test(name),
    parse: parseDeb822Sources,
  },
  { file: '/etc/yum.conf', parse: dnf },
  { file: '/etc/dnf/dnf.conf', parse: dnf },
  { directory: '/etc/yum.repos.d', isTaken: isRepo, parse: dnf },
  { directory: '/etc/yum/repos.d', isTaken: isRepo, parse: dnf },
  { directory: '/etc/distro.repos.d', isTaken: isRepo, parse: dnf },
  { directory: '/etc/zypp/repos.d', isTaken: isRepo, parse: (text) => parseRepositoryFile(text, 'zypp') },
  { file: '/etc/apk/repositories', parse: parseApkRepositories },
  {
    directory: '/etc/apk/repositories.d',
    isTaken: (name) => name.endsWith('.list'),
    parse: parseApkRepositories,
  },
];

/** Where packages come from, and on whose word. */
export const repositories: Collector<'repository'> = {
  subject: 'repository',
  reads: [...new Set(sources.map(({ file, directory }) => file ?? `${directory}/**`))],
  collect: function* (reader) {
    for (const source of sources) {
      for (const path of pathsOf(reader, source)) yield* factsOf(path, source.parse(configText(reader, path) ?? ''));
    }
  },
};

function pathsOf(reader: Reader, { file, directory, isTaken }: Source): readonly RawName[] {
  if (file !== undefined) return [file];
  const names = reader.list(directory!).filter(isTaken!);
  return names.map((name) => `${directory}/${name}`);
}

function* factsOf(path: RawName, found: readonly Repository[]): Generator<FactOf<'repository'>> {
  for (const { name, enabled, options } of found) {
    yield {
      subject: 'repository',
      name,
      enabled: enabled ? 'yes' : 'no',
      options,
      files: [path],
    };
  }
}
