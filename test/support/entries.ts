import type { FileEntry } from '../../shared/entry.ts';
import type { PackageEntry } from '../../shared/fact.ts';

export const contentA = `sha256:${'a'.repeat(64)}`;
export const contentB = `sha256:${'b'.repeat(64)}`;

/** A regular file of root's that nobody may run. */
export function aFile(overrides: Partial<FileEntry> = {}): FileEntry {
  return {
    subject: 'file',
    name: '/usr/share/a',
    type: 'file',
    mode: '0644',
    uid: 0,
    gid: 0,
    size: '1',
    content: contentA,
    ...overrides,
  };
}

export function aDir(name = '/usr/share'): FileEntry {
  return { subject: 'file', name, type: 'dir', mode: '0755', uid: 0, gid: 0 };
}

export function aLink(target: string, name = '/usr/share/a'): FileEntry {
  return { subject: 'file', name, type: 'symlink', target, uid: 0, gid: 0 };
}

export function aDevice(rdev: string, name = '/usr/share/a'): FileEntry {
  return { subject: 'file', name, type: 'char', mode: '0660', uid: 0, gid: 0, rdev };
}

export function aPackage(overrides: Partial<PackageEntry> = {}): PackageEntry {
  return {
    subject: 'package',
    name: 'bash:amd64',
    version: '5.2',
    status: 'install ok installed',
    purl: 'pkg:deb/debian/bash@5.2?arch=amd64',
    ...overrides,
  };
}
