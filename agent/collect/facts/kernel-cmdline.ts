import type { FactOf } from '../../../shared/fact.ts';
import type { RawName } from '../../../shared/name.ts';
import { redactedWords } from '../../secrets/redact.ts';
import type { Collector } from './collector.ts';
import { configText } from './config-files.ts';
import { joinedLines, linesOf, trimmed, wordsOf } from './lines.ts';

const grubSettings = '/etc/default/grub';
const grubMenus = ['/boot/grub/grub.cfg', '/boot/grub2/grub.cfg'];
/** Just the parameters: kernel-install(8), Raspberry Pi. */
const plainFiles = [
  '/etc/kernel/cmdline',
  '/usr/lib/kernel/cmdline',
  '/boot/cmdline.txt',
  '/boot/firmware/cmdline.txt',
];
const loaderDirectories = ['/boot/loader/entries', '/boot/efi/loader/entries', '/efi/loader/entries'];
const extlinuxMenus = ['/boot/extlinux.conf', '/boot/extlinux/extlinux.conf'];

/** What the kernel is started with, as far as files say it: what is given by hand at the console is not here. */
export const kernelCmdline: Collector<'cmdline'> = {
  subject: 'cmdline',
  reads: [
    grubSettings,
    `${grubSettings}.d/**`,
    ...grubMenus,
    ...plainFiles,
    ...loaderDirectories.map((directory) => `${directory}/**`),
    ...extlinuxMenus,
  ],
  collect: function* (reader) {
    const beneath = (directory: RawName, suffix: string) =>
      reader
        .list(directory)
        .filter((name) => name.endsWith(suffix))
        .map((name) => `${directory}/${name}`);
    const read = function* (paths: readonly RawName[], parse: (text: string) => readonly KernelLine[]) {
      for (const path of paths) yield* factsOf(path, parse(configText(reader, path) ?? ''));
    };
    yield* read([grubSettings, ...beneath(`${grubSettings}.d`, '.cfg')], parseGrubSettings);
    yield* read(grubMenus, (text) => parseMenu(text, ['linux', 'linux16', 'linuxefi']));
    yield* read(plainFiles, parsePlain);
    yield* read(
      loaderDirectories.flatMap((directory) => beneath(directory, '.conf')),
      parseLoaderEntry,
    );
    yield* read(extlinuxMenus, (text) => parseMenu(text, ['append', 'APPEND'], false));
  },
};

export interface KernelLine {
  /** The variable or the kernel, where a file may have several. */
  readonly name: string;
  readonly parameters: readonly string[];
}

function* factsOf(path: RawName, lines: readonly KernelLine[]): Generator<FactOf<'cmdline'>> {
  const seen = new Set<string>();
  for (const { name, parameters } of lines) {
    const shown = redactedWords(parameters, 'command');
    const key = JSON.stringify([name, shown]);
    if (seen.has(key)) continue;
    seen.add(key);
    yield { subject: 'cmdline', name: `${path} ${name}`.trimEnd(), parameters: shown, files: [path] };
  }
}

const setting = /^(?:export[ \t]+)?(GRUB_CMDLINE_[A-Z0-9_]+)(\+?=)/;

/** Assignments of a shell: what is quoted may go on over lines. What is computed, `$GRUB_CMDLINE_LINUX`, stays as written. */
export function parseGrubSettings(text: string): readonly KernelLine[] {
  const found: KernelLine[] = [];
  const lines = joinedLines(text);
  for (let at = 0; at < lines.length; at++) {
    const match = setting.exec(trimmed(lines[at]!));
    if (match === null) continue;
    const begun = trimmed(lines[at]!).slice(match[0].length);
    const value = [begun];
    const quote = begun[0] === '"' || begun[0] === "'" ? begun[0] : undefined;
    if (quote !== undefined && !begun.includes(quote, 1)) {
      let end = at + 1;
      while (end < lines.length && !lines[end]!.includes(quote)) end++;
      for (const line of lines.slice(at + 1, end + 1)) value.push(line);
      at = end;
    }
    const parameters = wordsOf(withoutQuotes(value.join(' '), quote));
    found.push({ name: match[1]! + (match[2] === '+=' ? '+' : ''), parameters });
  }
  return found;
}

/** What follows the closing quote is kept too, a comment or not. */
function withoutQuotes(value: string, quote: string | undefined): string {
  if (quote === undefined) return value;
  const end = value.lastIndexOf(quote);
  return end > 0 ? `${value.slice(1, end)} ${value.slice(end + 1)}` : value;
}

/** The lines of a boot menu that start a kernel: `linux /vmlinuz root=… ro quiet`, or the parameters alone. */
export function parseMenu(text: string, commands: readonly string[], hasKernel: boolean = true): readonly KernelLine[] {
  return linesOf(text).flatMap((line) => {
    const [command, ...words] = wordsOf(line);
    if (command === undefined || !commands.includes(command)) return [];
    return [{ name: hasKernel ? (words[0] ?? '') : command, parameters: hasKernel ? words.slice(1) : words }];
  });
}

/** Boot Loader Specification, type 1: several `options` lines are one. */
export function parseLoaderEntry(text: string): readonly KernelLine[] {
  const lines = parseMenu(text, ['options'], false);
  return lines.length === 0 ? [] : [{ name: '', parameters: lines.flatMap(({ parameters }) => parameters) }];
}

export function parsePlain(text: string): readonly KernelLine[] {
  const lines = linesOf(text).filter((line) => !trimmed(line).startsWith('#'));
  const parameters = lines.flatMap(wordsOf);
  return parameters.length === 0 ? [] : [{ name: '', parameters }];
}
