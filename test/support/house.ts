import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const houseDir = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const notOurs = new Set(['node_modules', 'dist', 'generated', '.git']);

/** Every file of the house, relative to its top folder, sorted. */
export function houseFiles(folder = ''): string[] {
  return readdirSync(join(houseDir, folder), { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => {
      const name = join(folder, entry.name);
      return entry.isDirectory() ? houseFiles(name) : entry.isFile() ? [name] : [];
    })
    .sort();
}

export function readHouseFile(file: string): string {
  return readFileSync(join(houseDir, file), 'utf8');
}

/** Source without its comments, with line breaks kept. Strings stay: a `//` in a URL is not a comment. */
export function withoutComments(source: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return source.replace(token, (found) =>
    found.startsWith('//') || found.startsWith('/*') ? found.replace(/[^\n]/g, '') : found,
  );
}

const importForms = [
  /^\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^\s*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]/g,
];

/** What a file imports: packages and node: modules by their name, ours by their path in the house. */
export function importsOf(file: string, source: string): string[] {
  const plain = withoutComments(source);
  const specifiers = importForms.flatMap((form) => [...plain.matchAll(form)].map((match) => match[1] as string));
  return [...new Set(specifiers)].map((specifier) =>
    specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
  );
}

/** `@scope/name/deep` and `name/deep` are of the packages `@scope/name` and `name`. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
