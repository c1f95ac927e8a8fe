import type { RawName } from '../../../shared/name.ts';
import { redacted } from '../../secrets/redact.ts';
import type { Collector } from './collector.ts';
import { trimmed } from './lines.ts';
import { regularText } from './regular-file.ts';
import { accountLines, parseId } from './users.ts';

const groupFile = '/etc/group';

/** group(5). Who is in a group only by the gid in passwd is said by the user. */
export const groups: Collector<'group'> = {
  subject: 'group',
  reads: [groupFile],
  collect: (reader) =>
    parseGroups(regularText(reader, groupFile) ?? '').map((group) =>
      'notUnderstood' in group
        ? { subject: 'group', name: `${groupFile}: ${group.notUnderstood}`, members: [], files: [groupFile] }
        : { subject: 'group', ...group, files: [groupFile] },
    ),
};

type GroupLine =
  | { readonly name: RawName; readonly gid: number; readonly members: readonly RawName[] }
  | { readonly notUnderstood: RawName };

export function parseGroups(text: string): readonly GroupLine[] {
  return accountLines(text).map((line) => {
    const [name = '', field, gidText, list = ''] = line.split(':');
    const gid = parseId(gidText);
    if (name === '' || field === undefined || gid === undefined) return { notUnderstood: redacted(line, 'accounts') };
    const members = list.split(',').map(trimmed);
    return { name, gid, members: [...new Set(members.filter((member) => member !== ''))].sort() };
  });
}
