const tags: Readonly<Record<number, string>> = {
  1: 'user:',
  2: 'user',
  4: 'group:',
  8: 'group',
  16: 'mask:',
  32: 'other:',
};

/**
 * A POSIX ACL as the kernel stores it (posix_acl_xattr.h, version 2) in the short text form of acl(5), ids as numbers:
 * `user::rw-,user:1000:r--,group::r--,mask::r--,other::r--`. Undefined for anything else.
 */
export function aclText(bytes: Buffer): string | undefined {
  if (bytes.length < 4 || bytes.length % 8 !== 4 || bytes.readUInt32LE(0) !== 2) return undefined;
  const entries: string[] = [];
  for (let at = 4; at < bytes.length; at += 8) {
    const tag = tags[bytes.readUInt16LE(at)];
    const permissions = bytes.readUInt16LE(at + 2);
    if (tag === undefined || permissions > 7) return undefined;
    const who = tag.endsWith(':') ? tag : `${tag}:${bytes.readUInt32LE(at + 4)}`;
    entries.push(`${who}:${lettersOf(permissions)}`);
  }
  return entries.length === 0 ? undefined : entries.join(',');
}

function lettersOf(permissions: number): string {
  return `${permissions & 4 ? 'r' : '-'}${permissions & 2 ? 'w' : '-'}${permissions & 1 ? 'x' : '-'}`;
}
