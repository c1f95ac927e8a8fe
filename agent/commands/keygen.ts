import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { CodedError, ExitCode, sentenceOf } from '../../shared/errors.ts';
import { terminalSafe } from '../../shared/name.ts';
import { errnoOf } from '../collect/system-path.ts';

export interface KeygenCommandOptions {
  readonly out: string;
}

/** `pristine keygen`: a key to sign images with. Never overwrites: a lost key is worth more than a new one. */
export async function keygenCommand({ out }: KeygenCommandOptions): Promise<ExitCode> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeNew(`${out}.key`, privateKey, 0o600);
  try {
    writeNew(`${out}.pub`, publicKey, 0o644);
  } catch (error) {
    rmSync(`${out}.key`);
    throw error;
  }
  const shown = terminalSafe(out);
  process.stdout.write(
    `${shown}.key  private: sign with it, keep it off the instances\n${shown}.pub  public: trust it\n`,
  );
  return ExitCode.ok;
}

function writeNew(path: string, text: string, mode: number): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode, flush: true });
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') {
      throw new CodedError('FILE_EXISTS', `${path} is there and is never overwritten: choose another --out`, cause);
    }
    throw new CodedError('IO', `could not write ${path}: ${sentenceOf(cause)}`, cause);
  }
}
