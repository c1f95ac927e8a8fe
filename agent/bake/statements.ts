import type { KeyObject } from 'node:crypto';
import { canonicalJson, type Json } from '../../shared/canonical-json.ts';
import type { Skip } from '../../shared/coverage.ts';
import { signEnvelope, unsignedEnvelope, writeEnvelope } from '../../shared/dsse.ts';
import { type ManifestStatement, manifestFiles, manifestPredicateType } from '../../shared/manifest.ts';
import type { Profile } from '../../shared/profile.ts';
import {
  type BakeConfig,
  type RulesPredicate,
  type RulesStatement,
  rulesDigest,
  rulesPredicateType,
} from '../../shared/rules.ts';
import { schemeOf } from '../../shared/scheme.ts';
import { entriesSubject } from '../check/digest.ts';
import { writeNew } from '../write-new.ts';
import type { WrittenEntries } from './write-entries.ts';

const statementType = 'https://in-toto.io/Statement/v1';

export function manifestStatement(options: {
  readonly image: { readonly name: string; readonly version: string };
  readonly platform: ManifestStatement['predicate']['platform'];
  readonly entries: WrittenEntries & { readonly labels: boolean };
  readonly notBaked: readonly Skip[];
  readonly toolVersion: string;
}): ManifestStatement {
  const { image, platform, entries, notBaked, toolVersion } = options;
  return {
    _type: statementType,
    subject: [
      { name: entriesSubject, digest: { sha256: entries.sha256 } },
      // The file as it lies there too, so that no unsigned byte is ever inflated.
      { name: manifestFiles.entries, digest: { sha256: entries.storedSha256 } },
    ],
    predicateType: manifestPredicateType,
    predicate: {
      image,
      platform,
      scheme: schemeOf(entries),
      entries: { bytes: entries.bytes, lines: entries.lines },
      notBaked: [...notBaked],
      tool: { name: 'pristine', version: toolVersion },
    },
  };
}

/** The rules of the image's maker first, then the profile's: the first that matches wins. */
export function rulesPredicate(options: {
  readonly imageName: string;
  readonly config: BakeConfig;
  readonly profile: Profile;
  readonly sequence?: number;
}): RulesPredicate {
  const { imageName, config, profile, sequence = 1 } = options;
  return {
    image: { name: imageName },
    sequence,
    profile: profile.name,
    rules: [...config.rules, ...profile.rules],
    pseudoMounts: [...profile.pseudoMounts],
    ...(config.components && { components: config.components }),
    texts: config.texts?.length === 0 ? [] : [...(config.texts ?? []), ...profile.texts],
    ...(config.noTexts && { noTexts: config.noTexts }),
    ...(config.listening && { listening: config.listening }),
  };
}

export function rulesStatement(predicate: RulesPredicate): RulesStatement {
  return {
    _type: statementType,
    subject: [{ name: 'rules', digest: { sha256: rulesDigest(predicate) } }],
    predicateType: rulesPredicateType,
    predicate,
  };
}

/** Writes the envelope of a statement, signed where there is a key, and returns the statement's bytes. Errors: FILE_EXISTS, IO. */
export function writeSigned(path: string, statement: object, key: KeyObject | undefined): Buffer {
  const bytes = Buffer.from(canonicalJson(statement as Json));
  const envelope = unsignedEnvelope(bytes);
  writeNew(path, writeEnvelope(key === undefined ? envelope : signEnvelope(envelope, key)));
  return bytes;
}
