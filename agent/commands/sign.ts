import { ExitCode } from '../../shared/errors.ts';
import { imageRef } from '../../shared/image.ts';
import { sign } from '../bake/sign.ts';
import { readPrivateKey } from '../collect/key-file.ts';

export interface SignCommandOptions {
  readonly manifest: string;
  readonly key: string;
}

/** `pristine sign`: for builds in which the key must not be on the builder. */
export async function signCommand({ manifest, key }: SignCommandOptions): Promise<ExitCode> {
  const image = await sign(manifest, readPrivateKey(key));
  process.stdout.write(`signed ${imageRef(image)}  ${image.digest}\n`);
  return ExitCode.ok;
}
