import type { PolicyWarning } from '../../../shared/api-policies.ts';
import { ExitCode } from '../../../shared/errors.ts';
import type { Context } from '../context.ts';
import { readDocuments } from './apply.ts';

/** Exit 1 where there is anything to look at. Groups in the file are left alone. */
export async function lint(
  { remote, out, json }: Context,
  _args: readonly string[],
  { file }: { readonly file?: unknown },
): Promise<void> {
  const policies: { readonly name: string; readonly warnings: readonly PolicyWarning[] }[] = [];
  for (const { body } of readDocuments(String(file))) {
    const { kind, name } = body as { readonly kind: string; readonly name: string };
    if (kind !== 'Policy') continue;
    const { warnings } = await remote.post<{ readonly warnings: readonly PolicyWarning[] }>('policies:lint', body);
    policies.push({ name, warnings });
  }
  if (policies.some(({ warnings }) => warnings.length > 0)) process.exitCode = ExitCode.finding;
  if (json) return out.json({ policies });
  for (const { name, warnings } of policies) {
    if (warnings.length === 0) out.line(`Policy ${name}: nothing to say`);
    for (const { code, message } of warnings) out.line(`Policy ${name}: ${code}: ${message}`);
  }
}
