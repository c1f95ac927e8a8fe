import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataDirectory, writeListening, writeOnce } from '../../../server/store/data-directory.ts';
import { lockDirectory } from '../../../server/store/directory-lock.ts';
import { codeOf } from '../../support/code-of.ts';
import { aDirectory } from '../../support/database.ts';

describe('a data directory that cannot be used', () => {
  it('is refused with what is in the way', async () => {
    const directory = aDirectory();
    writeFileSync(join(directory, 'file'), '');
    mkdirSync(join(directory, 'data', 'pristine.db'), { recursive: true });

    await expect(openDataDirectory(join(directory, 'file'))).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(openDataDirectory(join(directory, 'data'))).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('EISDIR'),
    });
  });

  it('is not taken for one that another server uses', () => {
    const code = codeOf(() => lockDirectory(join(aDirectory(), 'missing', 'lock.db')).release());

    expect(code).toBe('IO');
  });

  it('names the file that could not be written, and leaves no draft', async () => {
    const directory = aDirectory();
    mkdirSync(join(directory, 'listening'));

    await expect(writeListening(join(directory, 'listening'), 'http://x')).rejects.toMatchObject({ code: 'IO' });
    await expect(writeOnce(join(directory, 'missing', 'server.key'), 'x')).rejects.toMatchObject({ code: 'IO' });
    expect(await writeOnce(join(directory, 'token'), 'x')).toBe(true);

    expect((await readdir(directory)).filter((name) => name.startsWith('token'))).toEqual(['token']);
  });
});
