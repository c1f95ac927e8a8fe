import { join } from 'node:path';
import { type Db, openDatabase } from '../../server/store/database.ts';
import { aDirectory } from './directory.ts';

export { aDirectory };

/** A real SQLite file of its own; gone when the process ends. */
export async function aDatabase(): Promise<Db> {
  return openDatabase({ file: join(aDirectory(), 'pristine.db') });
}
