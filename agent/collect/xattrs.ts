import { hash } from 'node:crypto';
import type { FileEntry } from '../../shared/entry.ts';
import { encodeName, encodeRaw, type RawName } from '../../shared/name.ts';
import { cPath, errno, listXattrs, readXattr, type XattrHolder } from '../host/libc.ts';
import { aclText } from './acl.ts';
import { capabilitiesText } from './capabilities.ts';

/** What extended attributes say of a file (xattr(7)). */
export type XattrFacts = Pick<FileEntry, 'xattrs' | 'capabilities' | 'acl' | 'selinux'>;

// XATTR_LIST_MAX and XATTR_SIZE_MAX are 64 KiB each.
const names = Buffer.alloc(64 * 1024);
const value = Buffer.alloc(64 * 1024);
export const noXattrs: XattrFacts = {};

/** Reads them all. Gives `-errno` where that could not be done; a filesystem without them has none. */
export function readXattrs(of: XattrHolder): XattrFacts | number {
  const length = listXattrs(of, names);
  if (length === 0 || length === -errno.EOPNOTSUPP) return noXattrs;
  if (length < 0) return length;
  const found = new Map<RawName, Buffer>();
  for (const name of names.toString('latin1', 0, length - 1).split('\0')) {
    if (!isKept(name)) continue;
    const size = readXattr(of, cPath(name), value);
    if (size >= 0) found.set(name, Buffer.from(value.subarray(0, size)));
    // Gone since it was listed: then the file has changed, which whoever holds it will see.
    else if (size !== -errno.ENODATA) return size;
  }
  return found.size === 0 ? noXattrs : factsOf(found);
}

/**
 * Left out: `trusted.*`, which only an administrator's process can list and in which overlay filesystems keep notes of
 * their own, and `security.evm`, a keyed digest that differs on every machine.
 */
export function isKept(name: RawName): boolean {
  return !name.startsWith('trusted.') && name !== 'security.evm';
}

/** Pure. What is not in the form its name promises stays among the other attributes, so that nothing is lost. */
export function factsOf(xattrs: ReadonlyMap<RawName, Buffer>): XattrFacts {
  const left = new Map(xattrs);
  const take = (name: RawName, decode: (bytes: Buffer) => string | undefined) => {
    const bytes = left.get(name);
    const text = bytes && decode(bytes);
    if (text !== undefined) left.delete(name);
    return text;
  };
  const access = take('system.posix_acl_access', aclText);
  const inherited = take('system.posix_acl_default', aclText);
  const capabilities = take('security.capability', capabilitiesText);
  const selinux = take('security.selinux', selinuxType);
  const acl = [access, inherited && `default:${inherited}`].filter((text) => text !== undefined).join(',');
  const others = [...left].map(([name, bytes]) => [encodeRaw(name), valueText(bytes)] as const);
  return {
    ...(acl !== '' && { acl }),
    ...(capabilities !== undefined && { capabilities }),
    ...(selinux !== undefined && { selinux }),
    ...(others.length > 0 && { xattrs: Object.fromEntries(others) }),
  };
}

/** The third field of `user:role:type:level`: the others differ between machines that are the same. */
function selinuxType(bytes: Buffer): string | undefined {
  const type = bytes.toString('latin1').replace(/\0$/, '').split(':')[2];
  return type !== undefined && /^[A-Za-z0-9_.-]+$/.test(type) ? type : undefined;
}

const prefix = 'sha256:';

/** Written as names are; a long value by its digest, and one that looks like such a digest too, so that neither passes for the other. */
function valueText(bytes: Buffer): string {
  const isLong = bytes.length > 1_024 || bytes.subarray(0, prefix.length).toString('latin1') === prefix;
  return isLong ? `${prefix}${hash('sha256', bytes, 'hex')}` : encodeName(bytes);
}
