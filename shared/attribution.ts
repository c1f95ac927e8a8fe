import { z } from 'zod';
import { type Finding, Fingerprint } from './finding.ts';
import { compareNames, type Name } from './name.ts';
import { highestSeverity, Severity } from './severity.ts';

/** What the database of a package manager says of a file. Not signed by anybody: it explains, and decides nothing. */
export interface PackagedFile {
  /** The name of the package's entry, `openssl:amd64`. */
  readonly package: string;
  /** Absent where the package says nothing of the content: directories, links, files written at installation. */
  readonly asPackaged?: boolean;
}

/** One package and the findings that belong to it: "openssl 3.0.15 → 3.0.16: 34 files, all as the package says". */
export const PackageGroup = z
  .strictObject({
    package: z.string().max(1_024),
    from: z.string().optional().describe('absent where the package was not there before'),
    to: z.string().optional().describe('absent where it is gone; with neither, the package did not change itself'),
    files: z.int().nonnegative().describe('files of the package that differ'),
    asPackaged: z.int().nonnegative().describe('those that have the content that the package says'),
    otherwise: z.array(z.string()).readonly().describe('those that have another content, or are gone'),
    severity: Severity,
    fingerprints: z.array(Fingerprint).readonly().describe("of the package's own finding first, then of its files"),
  })
  .readonly()
  .meta({ id: 'PackageGroup' });
export type PackageGroup = z.infer<typeof PackageGroup>;

export interface GroupedFindings {
  /** By name of the package. */
  readonly groups: readonly PackageGroup[];
  /** What no package owns, in the order given. */
  readonly rest: readonly Finding[];
}

/** Puts the findings of files beneath the package that owns them. Each finding is in one group, or in the rest. Pure. */
export function groupFindings(findings: readonly Finding[], owners: ReadonlyMap<Name, PackagedFile>): GroupedFindings {
  const rest: Finding[] = [];
  const byPackage = new Map<string, Member[]>();
  for (const finding of findings) {
    const file = finding.subject === 'file' ? owners.get(finding.name) : undefined;
    const owner = finding.subject === 'package' ? finding.name : file?.package;
    const members = owner === undefined ? undefined : byPackage.get(owner);
    if (owner === undefined) rest.push(finding);
    else if (members === undefined) byPackage.set(owner, [{ finding, file }]);
    else members.push({ finding, file });
  }
  const groups = [...byPackage].map(([name, members]) => groupOf(name, members));
  return { groups: groups.sort((a, b) => compareNames(a.package, b.package)), rest };
}

interface Member {
  readonly finding: Finding;
  /** Undefined for the finding of the package itself. */
  readonly file: PackagedFile | undefined;
}

function groupOf(name: string, members: readonly Member[]): PackageGroup {
  const own = members.filter(({ file }) => file === undefined);
  const files = members.filter(({ file }) => file !== undefined);
  const isOtherwise = ({ finding, file }: Member) => finding.change === 'removed' || file?.asPackaged === false;
  return {
    package: name,
    ...versionsOf(own[0]?.finding),
    files: files.length,
    asPackaged: files.filter((member) => !isOtherwise(member) && member.file?.asPackaged === true).length,
    otherwise: files.filter(isOtherwise).map(({ finding }) => finding.name),
    severity: members.reduce<Severity>((highest, { finding }) => highestSeverity(highest, finding.severity), 'info'),
    fingerprints: [...own, ...files].map(({ finding }) => finding.fingerprint),
  };
}

function versionsOf(finding: Finding | undefined): Pick<PackageGroup, 'from' | 'to'> {
  const [from, to] = [finding?.expected['version'], finding?.actual['version']];
  return { ...(typeof from === 'string' && { from }), ...(typeof to === 'string' && { to }) };
}
