import type { ApplyResult } from '../../../shared/api.ts';
import type { Context } from '../context.ts';
import { type Declared, readDocuments } from '../documents.ts';
import { RemoteProblem } from '../remote.ts';

/**
 * Every document is read and checked before the first is sent, so that a slip of the pen in the last changes nothing.
 * Errors: CONFIG, NOT_BUILT_YET with file and line, and what the server refuses.
 */
export async function apply(
  context: Context,
  _args: readonly string[],
  { file }: { readonly file?: unknown },
): Promise<void> {
  const declared = readDocuments(String(file));
  const { remote, out, json } = context;
  const results: ApplyResult[] = [];
  try {
    for (const document of declared) results.push(await send(remote, document));
  } finally {
    if (json) out.json(results);
    else
      for (const { kind, name, result, version } of results)
        out.line(`${kind} ${name}: ${result} (version ${version})`);
  }
}

async function send(remote: Context['remote'], { body, placeOf }: Declared): Promise<ApplyResult> {
  try {
    return await remote.post<ApplyResult>('apply', body);
  } catch (error) {
    if (!(error instanceof RemoteProblem)) throw error;
    const pointer = error.problem.errors?.[0]?.pointer ?? '';
    throw new RemoteProblem({ ...error.problem, detail: `${placeOf(pointer)}: ${error.problem.detail}` });
  }
}
