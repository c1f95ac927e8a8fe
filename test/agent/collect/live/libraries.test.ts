import { describe, expect, it } from 'vitest';
import { parseMaps, readLibraries } from '../../../../agent/collect/live/libraries.ts';

describe('what a process may run code of', () => {
  it('is what is mapped to be executed, from a file', () => {
    const maps = [
      '5581e8a00000-5581e8a01000 r--p 00000000 fe:00 1001                       /usr/bin/node',
      '5581e8a01000-5581e8a02000 r-xp 00001000 fe:00 1001                       /usr/bin/node',
      '5581e9000000-5581e9100000 rwxp 00000000 00:00 0                          [heap]',
      '7f0000000000-7f0000001000 r-xp 00000000 fe:00 7                          /lib/libc.so.6',
      '7f0000001000-7f0000002000 rw-p 00001000 fe:00 8                          /var/data.bin',
      '7f0000002000-7f0000003000 r-xp 00000000 00:01 9                          /memfd:jit (deleted)',
      '7f0000003000-7f0000004000 r-xs 00000000 00:2a 10                         /tmp/a b.so (deleted)',
      '7f0000004000-7f0000005000 rwxp 00000000 00:00 0 ',
      '7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                          [vdso]',
      '',
    ].join('\n');

    expect(parseMaps(maps)).toEqual([
      ['/usr/bin/node', { isDeleted: false }],
      ['/lib/libc.so.6', { isDeleted: false }],
      ['/tmp/a b.so', { isDeleted: true }],
    ]);
  });

  it('is its own program, as the kernel says it', () => {
    expect(readLibraries('/proc').has(process.execPath)).toBe(true);
  });

  it('is not that of a parent who runs something else', () => {
    const own = readLibraries('/proc', process.pid);

    expect(readLibraries('/proc', 1)).toEqual(own);
  });
});
