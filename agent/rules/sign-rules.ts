import { createPublicKey, type KeyObject } from 'node:crypto';
import { CodedError } from '../../shared/errors.ts';
import { profileNamed } from '../../shared/profile.ts';
import type { BakeConfig, RulesPredicate } from '../../shared/rules.ts';
import { rulesPredicate, rulesStatement, writeSigned } from '../bake/statements.ts';
import { openManifest } from '../check/open-manifest.ts';

/**
 * New rules for an image that is baked already: a statement of a higher sequence, as agents take it through the server.
 * The profile is the one that the image was baked with, as this version has it, unless the configuration names another.
 * Errors: those of `openManifest`, CONFLICT, CONFIG, FILE_EXISTS, IO.
 */
export function signRules(options: {
  readonly manifest: string;
  readonly config: BakeConfig;
  readonly sequence: number;
  readonly key: KeyObject;
  /** Those that signed the image, where it was not this one. */
  readonly trusted?: readonly KeyObject[] | undefined;
  readonly out: string;
}): RulesPredicate {
  const { config, sequence, key, out } = options;
  const manifest = openManifest(options.manifest, options.trusted ?? [createPublicKey(key)]);
  manifest.close();
  if (sequence <= manifest.rules.sequence) {
    throw new CodedError(
      'CONFLICT',
      `expected a sequence above ${manifest.rules.sequence}, which the image has, got ${sequence}: no agent would take it`,
    );
  }
  const profile = profileNamed(config.profile ?? manifest.rules.profile);
  if (profile === undefined) {
    throw new CodedError('CONFIG', `no profile ${manifest.rules.profile} here: name one with \`profile:\``);
  }
  const predicate = rulesPredicate({ imageName: manifest.image.name, config, profile, sequence });
  writeSigned(out, rulesStatement(predicate), key);
  return predicate;
}
