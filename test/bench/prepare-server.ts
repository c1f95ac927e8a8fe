import { openDataDirectory } from '../../server/store/data-directory.ts';
import { openDatabase } from '../../server/store/database.ts';
import { createToken } from '../../server/store/token-store.ts';
import { anImageDigest } from '../support/builders.ts';
import { insertImage } from '../support/rows.ts';

export interface PreparedServer {
  /** Its data directory. */
  readonly data: string;
  /** Its database, for whoever looks at what is stored. */
  readonly file: string;
  readonly joinToken: string;
}

/** An image and a token for all: what the API would make of a push and a request. */
export async function prepareServer(directory: string, usesMax: number): Promise<PreparedServer> {
  const { path: data, database: file } = await openDataDirectory(directory);
  const db = await openDatabase({ file });
  await insertImage(db);
  const origin = { group: 'bench', imageDigest: anImageDigest, labels: {} };
  const { token } = await createToken(db, { ...origin, usesMax, expiresInMs: 3_600_000 }, Date.now());
  await db.destroy();
  return { data, file, joinToken: token };
}
