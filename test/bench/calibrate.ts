import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';

/** What this machine does in a second, measured in the same run: figures of the server are read beside it. */
export interface Calibration {
  /** Ed25519, one core. */
  readonly verifications: number;
  /** Commits of one row, each synced to this disk. */
  readonly commits: number;
}

const forMs = 1_000;

export function calibrate(directory: string): Calibration {
  return { verifications: verificationsOf(), commits: commitsOf(join(directory, 'calibration.db')) };
}

function verificationsOf(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const message = Buffer.alloc(200, 'm');
  const signature = sign(null, message, privateKey);
  return ratePerSecond(() => verify(null, message, publicKey, signature));
}

function commitsOf(file: string): number {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.prepare('create table if not exists row (id integer primary key, text text)').run([]);
  const insert = db.prepare('insert into row (text) values (?)');
  const rate = ratePerSecond(() => insert.run(['calibration']));
  db.close();
  return rate;
}

function ratePerSecond(work: () => unknown): number {
  const from = performance.now();
  let done = 0;
  while (performance.now() - from < forMs) {
    work();
    done += 1;
  }
  return (done / (performance.now() - from)) * 1_000;
}
