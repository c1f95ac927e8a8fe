/** Tar archives made by the words of POSIX, sharing no code with what reads them; every field can be made wrong. */

export interface TarItem {
  readonly name: string;
  /** The type flag; a regular file. */
  readonly flag?: string;
  readonly content?: string | Buffer;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Raw fields written last, before the checksum: offset to bytes. */
  readonly raw?: ReadonlyMap<number, Buffer>;
  /** Records of an extended header before it. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
}

/** All strings are one character a byte. */
export function tarOf(items: readonly TarItem[], end = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...items.flatMap(blocksOf), end]);
}

function blocksOf(item: TarItem): readonly Buffer[] {
  const { content: said = '' } = item;
  const content = typeof said === 'string' ? Buffer.from(said, 'latin1') : said;
  const before = item.pax === undefined ? [] : blocksOf({ name: 'pax', flag: 'x', content: paxOf(item.pax) });
  return [...before, headerOf(item, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
}

export function paxOf(records: Readonly<Record<string, string | Buffer>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.concat([
      Buffer.from(` ${key}=`, 'latin1'),
      typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
      Buffer.from('\n'),
    ]);
    let length = rest.length;
    while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
    return Buffer.concat([Buffer.from(`${length}`), rest]);
  });
  return Buffer.concat(lines);
}

export function headerOf(item: TarItem, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(item.name.slice(0, 100), 0, 'latin1');
  octal(item.mode ?? (item.flag === '5' ? 0o755 : 0o644), 100, 8);
  octal(item.uid ?? 0, 108, 8);
  octal(item.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(item.flag ?? '0', 156, 'latin1');
  block.write((item.linkName ?? '').slice(0, 100), 157, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  for (const [at, bytes] of item.raw ?? []) bytes.copy(block, at);
  block.write('        ', 148, 'latin1');
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}
