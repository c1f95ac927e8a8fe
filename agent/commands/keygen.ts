import { generateKeyPairSync } from 'node:crypto';
import { rmSync } from 'node:fs';
import { ExitCode } from '../../shared/errors.ts';
import { terminalSafe } from '../../shared/name.ts';
import { writeNew } from '../write-new.ts';

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
    writeNew(`${out}.pub`, publicKey);
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
