import { describe, expect, it } from 'vitest';
import { cleanMappingsIn, letGoOfCode } from '../../../agent/host/own-code.ts';

describe('what is mapped of our own program', () => {
  it('is let go of where nobody may write and nothing was written', () => {
    const smaps = [
      aMapping('00400000-00500000 r--p 00000000 08:01 42 /usr/bin/node', 0),
      aMapping('00500000-00900000 r-xp 00100000 08:01 42 /usr/bin/node', 0),
      aMapping('00900000-00a00000 r--p 00500000 08:01 42 /usr/bin/node (relocated)', 64),
      aMapping('00a00000-00b00000 rw-p 00600000 08:01 42 /usr/bin/node', 0),
      aMapping('00b00000-00c00000 r-xs 00600000 08:01 42 /usr/bin/shared', 0),
      aMapping('00c00000-00d00000 r-xp 00000000 00:00 0 ', 0),
      aMapping('00d00000-00e00000 r-xp 00000000 00:00 0 [vdso]', 0),
      aMapping('7fff00000000-7fff00001000 r-xp 00000000 fe:00 7 /lib/with space.so', 0),
    ].join('');

    expect(cleanMappingsIn(smaps)).toEqual([
      { address: 0x400000, length: 0x100000 },
      { address: 0x500000, length: 0x400000 },
      { address: 0x7fff00000000, length: 0x1000 },
    ]);
  });

  it('is there again when it is needed', () => {
    const before = process.memoryUsage.rss();

    letGoOfCode();

    expect(process.memoryUsage.rss()).toBeLessThan(before);
    expect(new Intl.DateTimeFormat('de', { month: 'long' }).format(new Date(0))).toBe('Januar');
    expect(structuredClone(new Map([[/a(b)/u, 1n]]))).toEqual(new Map([[/a(b)/u, 1n]]));
  });
});

function aMapping(head: string, anonymousKb: number): string {
  return `${head}\nSize: 4 kB\nRss: 4 kB\nAnonymous:      ${anonymousKb} kB\nVmFlags: rd ex\n`;
}
