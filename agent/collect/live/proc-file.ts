import { closeSync, constants, openSync, readSync } from 'node:fs';

/**
 * A file that the kernel makes up while it is read, so that it has no size before: as latin1. Throws what the system says,
 * and EFBIG past `bytesMax`.
 */
export function readProcFile(path: string, bytesMax: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const chunks: Buffer[] = [];
    for (let bytes = 0; ; ) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const length = readSync(fd, chunk, 0, chunkBytes, null);
      if (length === 0) return Buffer.concat(chunks).toString('latin1');
      bytes += length;
      if (bytes > bytesMax)
        throw Object.assign(new Error(`${path} has more than ${bytesMax} bytes`), { code: 'EFBIG' });
      chunks.push(chunk.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
}

const chunkBytes = 64 * 1024;
