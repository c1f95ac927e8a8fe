import { describe, expect, it } from 'vitest';
import { parseRpmHeader, rpmTags } from '../../../../agent/collect/packages/rpm-header.ts';
import { anRpmHeader, anRpmPackage } from '../../../support/rpm-database.ts';

describe('a header of rpm', () => {
  it('gives texts, lists of texts and numbers', () => {
    const header = parseRpmHeader(
      anRpmPackage('bash', '5.1', { [rpmTags.epoch]: [7], [rpmTags.basenames]: ['a', '', 'b\xff'] }),
    );

    expect(header?.text(rpmTags.name)).toBe('bash');
    expect(header?.numbers(rpmTags.epoch)).toEqual([7]);
    expect(header?.texts(rpmTags.basenames)).toEqual(['a', '', 'b\xff']);
    expect(header?.text(rpmTags.epoch)).toBeUndefined();
    expect(header?.numbers(rpmTags.name)).toBeUndefined();
    expect(header?.text(rpmTags.release + 999)).toBeUndefined();
  });

  const whole = anRpmPackage('bash', '5.1', { [rpmTags.epoch]: [7] });
  const word = (at: number, value: number) => {
    const changed = Buffer.from(whole);
    changed.writeUInt32BE(value >>> 0, at);
    return changed;
  };
  const lying = (change: object) => anRpmHeader({ [rpmTags.name]: 'bash' }, (entry) => ({ ...entry, ...change }));

  it.each([
    ['nothing in it', Buffer.alloc(0)],
    ['no index', Buffer.alloc(8)],
    ['a huge index', word(0, 0xffff_ffff)],
    ['an index past the bound of rpm', word(0, 0x1_0000)],
    ['huge data', word(4, 0xffff_ffff)],
    ['data longer than the blob', word(4, 4_096)],
    ['a byte too many', Buffer.concat([whole, Buffer.alloc(1)])],
    ['an end that is missing', whole.subarray(0, -1)],
    ['an offset beyond the blob', lying({ offset: 0xffff_fff0 })],
    ['a negative offset', lying({ offset: -1 })],
    ['more values than bytes', lying({ count: 0xffff_ffff, type: 8 })],
    ['numbers beyond the data', lying({ count: 2, type: 4 })],
    ['a type that does not exist', lying({ type: 10 })],
    ['a huge type', lying({ type: 0xffff_ffff })],
  ])('is not understood with %s', (_what, blob) => {
    expect(parseRpmHeader(blob)).toBeUndefined();
  });

  it('has no text where none ends', () => {
    const blob = anRpmPackage('bash', '5.1');
    blob.fill(0x41, blob.length - 'x86_64\0'.length);

    expect(parseRpmHeader(blob)?.text(rpmTags.arch)).toBeUndefined();
  });

  it('has no list of more texts than there are', () => {
    const header = parseRpmHeader(lying({ type: 8, count: 5 }));

    expect(header?.texts(rpmTags.name)).toBeUndefined();
  });
});
