import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { redacted, redactedWords } from '../../secrets/redact.ts';
import type { Collector } from './collector.ts';
import { configDirectories, configText, dropInFiles } from './config-files.ts';
import { joinedLines, linesOf, wordsOf } from './lines.ts';

/** Which modules are loaded at boot, and what modprobe does when one is asked for. */
export const kernelModules: Collector<'kernel-module'> = {
  subject: 'kernel-module',
  reads: [
    '/etc/modules',
    ...['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].flatMap((base) => [
      `${base}/modules-load.d/**`,
      `${base}/modprobe.d/**`,
    ]),
  ],
  collect: function* (reader) {
    const isTaken = (name: RawName) => name.endsWith('.conf');
    const load = dropInFiles(reader, configDirectories(reader, 'modules-load.d'), isTaken);
    for (const path of ['/etc/modules', ...load.files.map((file) => file.path)]) {
      yield* factsOf(path, parseModulesLoad(configText(reader, path) ?? ''));
    }
    const modprobe = dropInFiles(reader, configDirectories(reader, 'modprobe.d'), isTaken);
    for (const { path } of modprobe.files) yield* factsOf(path, parseModprobe(configText(reader, path) ?? ''));
  },
};

export interface ModuleLine {
  /** `load nf_conntrack`, `blacklist nouveau`. */
  readonly name: string;
  readonly values: readonly string[];
}

function* factsOf(path: RawName, lines: readonly ModuleLine[]): Generator<FactOf<'kernel-module'>> {
  for (const { name, values } of lines) {
    yield { subject: 'kernel-module', name, values, files: [path] };
  }
}

/** modules-load.d(5), and modules(5) with its parameters behind the name. */
export function parseModulesLoad(text: string): readonly ModuleLine[] {
  return linesOf(text).flatMap((line) => {
    const [module, ...values] = wordsOf(line);
    if (module === undefined || module.startsWith('#') || module.startsWith(';')) return [];
    return [{ name: `load ${moduleName(module)}`, values: redactedWords(values, 'command') }];
  });
}

const directives = ['alias', 'blacklist', 'install', 'options', 'remove', 'softdep', 'weakdep'];

/** modprobe.d(5). A line of no known directive is kept whole, as a name. */
export function parseModprobe(text: string): readonly ModuleLine[] {
  return joinedLines(text).flatMap((line) => {
    const words = wordsOf(line);
    const [directive, module, ...values] = words;
    if (directive === undefined || directive.startsWith('#')) return [];
    if (module === undefined || !directives.includes(directive))
      return [{ name: redacted(words.join(' '), 'plain'), values: [] }];
    // An alias is a pattern of bus addresses, in which a dash may stand within brackets.
    const isAlias = directive === 'alias';
    const name = `${directive} ${isAlias ? module : moduleName(module)}`;
    return [{ name, values: isAlias ? values : redactedWords(values, 'command') }];
  });
}

/** The kernel takes a dash and an underscore for the same. */
function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}
