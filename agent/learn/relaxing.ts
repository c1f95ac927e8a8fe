import { isWrittenAtBoot } from '../../shared/compare.ts';
import type { FileEntry } from '../../shared/entry.ts';
import type { Finding } from '../../shared/finding.ts';
import { isExecutable } from '../../shared/guard.ts';
import { rawName } from '../../shared/name.ts';
import type { Rulebook } from '../../shared/rulebook.ts';
import { highestSeverity, type Severity } from '../../shared/severity.ts';

/** Whether a rule `set-at-boot` lets it happen to a file. */
export function isSetAtBoot({ change, attributes, actual }: Finding): boolean {
  switch (change) {
    case 'added':
      return isWrittenAtBoot(fileOf(actual));
    case 'modified':
      return attributes.every((attribute) => attribute === 'content' || attribute === 'size');
    case 'removed':
      return false;
    default:
      return change satisfies never;
  }
}

/** Whether what is there may be run. */
export function isProgram(actual: Finding['actual']): boolean {
  return isExecutable(fileOf(actual));
}

function fileOf(actual: Finding['actual']): FileEntry {
  return actual as unknown as FileEntry;
}

/** What a proposed rule must weigh, so that it makes nothing lighter than it was. */
export function severityOfPaths(names: readonly string[], rulebook: Rulebook): Severity {
  return names.map((name) => rulebook.rulingOf(rawName(name)).severity).reduce(highestSeverity, 'medium');
}
