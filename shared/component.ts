import { type Entry, modeBits } from './entry.ts';
import { fileGuards } from './guard.ts';
import { rawName } from './name.ts';
import { compilePattern } from './pattern.ts';
import type { Component } from './rules.ts';

/**
 * What an entry is to the component that has it: laid over the image, a directory on the way to its paths, or a reason to
 * refuse the whole component.
 */
export type ComponentEntry = 'within' | 'above' | { readonly refused: string };

/**
 * Judges the entries of one component by the paths that the image's rules allow it. It can bring files and packages and
 * nothing that a guard watches: what makes root of somebody must be in the image itself. Pure.
 */
export function openComponentPlace({ paths }: Pick<Component, 'paths'>): (entry: Entry) => ComponentEntry {
  const within = paths.map(compilePattern);
  const above = paths.flatMap(patternsAbove).map(compilePattern);
  return (entry) => {
    if (entry.subject === 'package') return 'within';
    if (entry.subject !== 'file') return refused(`${entry.subject} ${entry.name}: not a file or a package`);
    const guard = fileGuards.find(({ fires }) => fires(undefined, entry));
    if (guard !== undefined) return refused(`${entry.name}: watched by the guard ${guard.name}`);
    const path = rawName(entry.name);
    if (within.some((matches) => matches(path))) return 'within';
    if (entry.type === 'dir' && (path === '/' || above.some((matches) => matches(path)))) return 'above';
    return refused(`${entry.name}: not within the paths that the rules of the image give it`);
  };
}

function refused(why: string): ComponentEntry {
  return { refused: why };
}

/** For each directory on the way to what a pattern matches, a pattern of it; `**` stands for any number of them. */
function patternsAbove(pattern: string): string[] {
  const segments = pattern.slice(1).split('/').slice(0, -1);
  return segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`);
}

/** Whether a directory that the image does not have may be made to hold a component: nobody but root writes in it. */
export function isPlainDirectory(entry: Entry): boolean {
  if (entry.subject !== 'file' || entry.type !== 'dir') return false;
  const { uid, gid, acl, xattrs, flags } = entry;
  const isWritable = (modeBits(entry) & 0o7022) !== 0;
  return !isWritable && uid === 0 && gid === 0 && acl === undefined && xattrs === undefined && flags === undefined;
}
