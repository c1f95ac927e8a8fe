import { archiveError } from './archive-error.ts';

const places: readonly string[] = ['user:', 'user', 'group:', 'group', 'mask:', 'other:'];

/**
 * Pure: an ACL as tar writes it (acl(5), long or short; star adds the number after the name) in the form of `aclText`.
 * Errors: ARCHIVE, also for one that names somebody without a number: whom that is differs between machines.
 */
export function aclOfRecord(record: string): string | undefined {
  const found: { readonly place: number; readonly id: number; readonly text: string }[] = [];
  for (const item of record.split(/[\n,]/)) {
    const [said = '', qualifier = '', permissions = '', number] = item.replace(/[\s\0]*(#.*)?$/, '').split(':');
    if (said.trim() === '') continue;
    const kind = longNames.get(said.trim()) ?? '';
    const id = qualifier === '' ? '' : /^\d{1,10}$/.test(qualifier) ? qualifier : (number ?? '');
    const place = places.indexOf(qualifier === '' ? `${kind}:` : kind);
    if (place === -1 || !/^[r-][w-][x-]$/.test(permissions) || (qualifier !== '' && !/^\d{1,10}$/.test(id))) {
      throw archiveError(`an ACL in the tar is not understood, or names somebody without a number: ${item}`);
    }
    found.push({ place, id: Number(id), text: `${kind}:${id}:${permissions}` });
  }
  found.sort((a, b) => a.place - b.place || a.id - b.id);
  return found.length === 0 ? undefined : found.map(({ text }) => text).join(',');
}

const longNames: ReadonlyMap<string, string> = new Map([
  ...['user', 'group', 'mask', 'other'].map((name) => [name, name] as const),
  ...['user', 'group', 'mask', 'other'].map((name) => [name[0]!, name] as const),
]);
