import type { KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../../shared/digest.ts';
import { CodedError, sentenceOf } from '../../shared/errors.ts';
import type { Image } from '../../shared/image.ts';
import { ManifestStatement, manifestFiles } from '../../shared/manifest.ts';
import { openRulebook, type Rulebook } from '../../shared/rulebook.ts';
import { type RulesPredicate, RulesStatement, rulesDigest } from '../../shared/rules.ts';
import { isKnownScheme } from '../../shared/scheme.ts';
import { openSigned, type ReadSigned, readFrom, readSigned } from './signed-file.ts';

/** A manifest that somebody trusted has signed and this program understands. */
export interface Manifest {
  readonly dir: string;
  readonly image: Image;
  readonly statement: ManifestStatement;
  readonly rules: RulesPredicate;
  readonly rulebook: Rulebook;
  /** A descriptor of the compressed entries. One descriptor for all passes, so that nobody can put another file in its place. */
  readonly entries: number;
  readonly close: () => void;
}

/**
 * The verifier, as its steps: envelope, signature, type, scheme of the manifest; the same of its rules. The digest is
 * `checkDigest`, the entries are judged while they are read. Errors: UNREADABLE, ENVELOPE, UNSIGNED, SIGNATURE,
 * PAYLOAD_TYPE, STATEMENT, SCHEME, RULES.
 */
export function openManifest(dir: string, keys: readonly KeyObject[], read: ReadSigned = readFrom(dir)): Manifest {
  const { statement, bytes } = openSigned(read, manifestFiles.manifest, keys, ManifestStatement);
  if (!isKnownScheme(statement.predicate.scheme)) {
    const { version } = statement.predicate.scheme;
    throw new CodedError(
      'SCHEME',
      `the manifest has scheme ${version}, which this pristine does not know: use a newer one`,
    );
  }
  const rules = openRules(read, keys, statement);
  const entries = openEntries(dir);
  return {
    dir,
    image: { ...statement.predicate.image, digest: digestOf(bytes) },
    statement,
    rules,
    rulebook: openRulebook(rules.rules),
    entries,
    close: () => closeSync(entries),
  };
}

/** A manifest, judged by the rules of a file where one is given. Errors: those of `openManifest` and `withNewerRules`. */
export function openJudged(options: {
  readonly manifest: string;
  readonly keys: readonly KeyObject[];
  readonly rulesFile?: string | undefined;
}): Manifest {
  const { keys, rulesFile } = options;
  const manifest = openManifest(options.manifest, keys);
  if (rulesFile === undefined) return manifest;
  try {
    return withNewerRules(manifest, keys, () => readSigned(rulesFile));
  } catch (error) {
    manifest.close();
    throw error;
  }
}

/**
 * The same manifest, judged by newer rules: signed by a key that is trusted here, for this image's name, and of a higher
 * sequence. Errors: UNREADABLE, ENVELOPE, UNSIGNED, SIGNATURE, PAYLOAD_TYPE, STATEMENT, RULES.
 */
export function withNewerRules(manifest: Manifest, keys: readonly KeyObject[], read: ReadSigned): Manifest {
  const rules = openRules(read, keys, manifest.statement);
  if (rules.sequence <= manifest.rules.sequence) {
    throw new CodedError(
      'RULES',
      `expected rules of a sequence above ${manifest.rules.sequence}, which is in force, got ${rules.sequence}`,
    );
  }
  return { ...manifest, rules, rulebook: openRulebook(rules.rules) };
}

function openRules(read: ReadSigned, keys: readonly KeyObject[], manifest: ManifestStatement): RulesPredicate {
  const { statement } = openSigned(read, manifestFiles.rules, keys, RulesStatement);
  const rules = statement.predicate;
  if (rules.image.name !== manifest.predicate.image.name) {
    throw new CodedError(
      'RULES',
      `expected rules for ${manifest.predicate.image.name}, got rules for ${rules.image.name}`,
    );
  }
  if (statement.subject[0]?.digest.sha256 !== rulesDigest(rules)) {
    throw new CodedError('RULES', 'the rules are not those that their statement names');
  }
  return rules;
}

function openEntries(dir: string): number {
  let fd: number | undefined;
  try {
    fd = openSync(join(dir, manifestFiles.entries), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (!fstatSync(fd).isFile()) throw new Error('they are not a regular file');
    return fd;
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    throw new CodedError(
      'UNREADABLE',
      `expected entries in ${dir}, and could not read them: ${sentenceOf(cause)}`,
      cause,
    );
  }
}
