import { mincore, mmap, munmap, pageBytes, posixFadviseDontneed } from './libc.ts';

/** Of a part of a file, which pages are in memory: mincore(2), a byte a page. */
export interface Residency {
  readonly offset: number;
  readonly pages: Uint8Array;
}

/** So much of a file is looked at at once: 256 KiB of page bytes where a page has 4 KiB. */
export const residencyBytesMax = 1_073_741_824;

let pagesSeen: Buffer | undefined;

/**
 * Before a part of a file is read: what is in memory, of at most `residencyBytesMax`. The offset is a multiple of a page. What cannot be
 * known (a filesystem that maps nothing, or the file of another user, of which the kernel tells nothing) counts as there.
 * The next call writes over the answer.
 */
export function residencyOf(fd: number, offset: number, length: number): Residency {
  pagesSeen ??= Buffer.alloc(residencyBytesMax / pageBytes);
  const pages = pagesSeen.subarray(0, Math.ceil(length / pageBytes));
  const address = length === 0 ? -1 : mmap(length, fd, offset);
  if (address < 0) return { offset, pages: pages.fill(1) };
  if (mincore(address, length, pages) < 0) pages.fill(1);
  munmap(address, length);
  return { offset, pages };
}

/**
 * After it was read: lets go what was not there before, and nothing that others had there. Only clean pages go, which
 * those that were read are.
 */
export function dropNewPages(fd: number, { offset, pages }: Residency): void {
  for (let start = 0; start < pages.length; ) {
    let end = start;
    while (end < pages.length && (pages[end]! & 1) === 0) end++;
    if (end > start) posixFadviseDontneed(fd, offset + start * pageBytes, (end - start) * pageBytes);
    start = end + 1;
  }
}
