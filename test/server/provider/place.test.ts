import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPlaces } from '../../../server/provider/local/place.ts';
import { aDirectory } from '../../support/directory.ts';

describe('the places of local instances', () => {
  it('are none where the folder was never made', async () => {
    const places = createPlaces(join(aDirectory(), 'missing'));

    expect(await places.all('web')).toEqual([]);
  });

  it('are not none where the folder cannot be read', async () => {
    const file = join(aDirectory(), 'file');
    writeFileSync(file, '');

    await expect(createPlaces(file).all('web')).rejects.toMatchObject({ code: 'IO' });
  });

  it('are not none where a record cannot be read', async () => {
    const base = aDirectory();
    const { directory } = createPlaces(base).ofKey('web', 'r-1');
    mkdirSync(join(directory, 'instance.json'), { recursive: true });

    await expect(createPlaces(base).all('web')).rejects.toMatchObject({ code: 'IO' });
  });
});
