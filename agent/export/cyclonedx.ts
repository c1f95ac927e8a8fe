import { parseEntryLine } from '../../shared/entry-line.ts';
import type { PackageEntry } from '../../shared/fact.ts';
import { checkStoredDigest } from '../check/digest.ts';
import { readEntryLines } from '../check/entry-lines.ts';
import type { Manifest } from '../check/open-manifest.ts';
import { subjectIn } from '../check/unparsed-line.ts';

/** The packages of an image as a CycloneDX 1.6 document (ECMA-424). Errors: DIGEST, ENTRIES. */
export async function cyclonedxOf(manifest: Manifest) {
  await checkStoredDigest(manifest);
  const packages: PackageEntry[] = [];
  for await (const lines of readEntryLines(manifest)) {
    for (const line of lines) {
      if (subjectIn(line) === 'package') packages.push(parseEntryLine(line) as PackageEntry);
    }
  }
  const { image, statement } = manifest;
  const hex = image.digest.slice('sha256:'.length);
  const { tool, platform } = statement.predicate;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(hex)}`,
    version: 1,
    metadata: {
      tools: { components: [{ type: 'application', name: tool.name, version: tool.version }] },
      component: {
        'bom-ref': image.digest,
        type: 'operating-system',
        name: image.name,
        version: image.version,
        description: `${platform.os}/${platform.arch} ${platform.distro}`,
        hashes: [{ alg: 'SHA-256', content: hex }],
      },
    },
    components: packages.map(({ name, version, purl, status }) => ({
      // References are unique as the names of entries are; two packages may have one URL.
      'bom-ref': `package ${name}`,
      type: 'library',
      name,
      version,
      purl,
      properties: [{ name: 'pristine:status', value: status }],
    })),
  };
}

/** A serial number of the form that the schema asks for, and the same each time: version 8 of RFC 9562, of the digest. */
function uuidOf(hex: string): string {
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
