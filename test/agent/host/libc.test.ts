import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { pageAligned, pageBytes } from '../../../agent/host/libc.ts';

describe('a buffer for what is read', () => {
  it.each([1, 4_096, 65_536, 524_288])('of %d bytes begins where a page does', (bytes) => {
    const buffer = pageAligned(bytes);

    expect(buffer.length).toBe(bytes);
    expect(Number(koffi.address(buffer)) % pageBytes).toBe(0);
  });
});
