import type { Name } from '../../shared/name.ts';

/** The name in a line of a manifest, without parsing it: in canonical form nothing before it can hold its key. */
export function nameIn(line: string): Name | undefined {
  const start = line.indexOf('"name":"');
  if (start === -1) return undefined;
  let end = start + 8;
  while (end < line.length && line[end] !== '"') end += line[end] === '\\' ? 2 : 1;
  const text = line.slice(start + 8, end);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as Name) : text;
}

/** The subject, likewise. */
export function subjectIn(line: string): string {
  const start = line.indexOf('"subject":"') + 11;
  return line.slice(start, line.indexOf('"', start));
}

/** Whether it is about a file: no text inside can hold these quotes unescaped. */
export function isFileLine(line: string): boolean {
  return line.includes('"subject":"file"');
}

/** Of a file: whether it may be a set-id program or one with capabilities. */
export function mayBePrivileged(line: string): boolean {
  return /"capabilities":|"mode":"[2-7]/.test(line);
}
