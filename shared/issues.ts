import type { z } from 'zod';

/** One thing wrong in a document: where (RFC 6901) and what. */
export interface Issue {
  readonly pointer: string;
  readonly detail: string;
}

/** What a schema found wrong, flat, each with the name of the field it is about; the server and pristinectl say it alike. */
export function issuesOf(error: z.ZodError): readonly Issue[] {
  return error.issues.flatMap((issue) => flatten(issue, []));
}

type ZodIssue = z.core.$ZodIssue;

function flatten(issue: ZodIssue, above: readonly PropertyKey[]): readonly Issue[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ pointer: pointerOf([...path, key]), detail: `unknown field \`${key}\`` }));
    case 'invalid_union': {
      // The branch that objects least is the one that was meant.
      const branches = issue.errors.map((branch) => branch.flatMap((inner) => flatten(inner, path)));
      const best = branches.toSorted((a, b) => score(a) - score(b))[0];
      return best === undefined || best.length === 0 ? [plain(issue.message, path)] : best;
    }
    default:
      return [plain(issue.message, path)];
  }
}

function score(issues: readonly Issue[]): number {
  return issues.length * 100 - Math.max(0, ...issues.map((issue) => issue.pointer.split('/').length));
}

function plain(detail: string, path: readonly PropertyKey[]): Issue {
  return { pointer: pointerOf(path), detail };
}

/** RFC 6901: `~` and `/` inside a name are escaped. The whole document is the empty pointer. */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

export function pathOfPointer(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
