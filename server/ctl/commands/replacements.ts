import { writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import type { Instance, ReplacementView, RequestedReplacement } from '../../../shared/api.ts';
import type { Envelope } from '../../../shared/dsse.ts';
import { CodedError } from '../../../shared/errors.ts';
import { imageRef } from '../../../shared/image.ts';
import type { Context } from '../context.ts';
import { wantedId } from '../wanted-id.ts';
import { causeText, stateCell } from '../words.ts';
import { instancePath } from './instances.ts';

/** Errors: USAGE where several are called so. */
async function pathOf(remote: Context['remote'], wanted: string): Promise<string> {
  const all = async () => (await remote.list<ReplacementView>('replacements')).items;
  return `replacements/${encodeURIComponent(await wantedId(wanted, 'replacement', all))}`;
}

export async function list(
  { remote, out, json }: Context,
  _args: readonly string[],
  { group, active }: { readonly group?: string | number | boolean | undefined; readonly active?: unknown },
): Promise<void> {
  const page = await remote.list<ReplacementView>('replacements', { group, ...(active === true && { active: true }) });
  if (json) return out.json(page);
  out.table(
    ['ID', 'GROUP', 'TRIGGER', 'STATE', 'OLD', 'NEW', 'IMAGE', 'PROVEN', 'SINCE'],
    page.items.map((one) => [
      one.id,
      one.group,
      one.cause.trigger,
      stateCell(one.state),
      one.oldProviderId,
      one.newProviderId,
      imageRef(one.target),
      one.revokedAt !== null ? { text: 'revoked', tone: 'bad' } : one.proof === null ? null : 'yes',
      one.createdAt,
    ]),
  );
}

export async function get({ remote, out, json }: Context, [id = '']: readonly string[]): Promise<void> {
  show({ out, json }, await remote.get<ReplacementView>(await pathOf(remote, id)));
}

/** What a person says to it, with the reason. */
export function intervene(what: 'abort' | 'retry') {
  return async (
    { remote, out, json }: Context,
    [id = '']: readonly string[],
    { reason }: { readonly reason?: unknown },
  ): Promise<void> => {
    show({ out, json }, await remote.post<ReplacementView>(`${await pathOf(remote, id)}/${what}`, { reason }));
  };
}

function show({ out, json }: Pick<Context, 'out' | 'json'>, one: ReplacementView): void {
  if (json) return void out.json(one);
  out.facts([
    ['replacement', one.id],
    ['group', one.group],
    ['policy', `${one.policy}, version ${one.policyVersion}`],
    ['cause', causeText(one.cause)],
    ['state', stateCell(one.state)],
    ['order', one.order],
    ['attempt', one.attempt === 1 ? null : `${one.attempt}, of lineage ${one.lineage}`],
    ['error', one.error],
    ['image', imageRef(one.target)],
    ['old', `${one.oldInstanceId} (${one.oldProviderId})`],
    ['new', one.newInstanceId === null ? one.newProviderId : `${one.newInstanceId} (${one.newProviderId ?? '–'})`],
    ['proof', one.proof === null ? null : `pristinectl replacements proof ${one.id}`],
    ['revoked', one.revokedAt && { text: `${one.revokedAt}: its drift came back`, tone: 'bad' }],
  ]);
  out.line('');
  out.table(
    ['AT', 'STEP', 'DETAIL'],
    one.steps.map((step) => [step.at, stateCell(step.state), step.detail]),
  );
}

/** By a person, for one instance: it begins when nothing holds it back. */
export async function start(
  context: Context,
  [wanted = '']: readonly string[],
  { policy, reason }: { readonly policy?: unknown; readonly reason?: unknown },
): Promise<void> {
  const { remote, out, json } = context;
  const { id: instanceId } = await remote.get<Instance>(await instancePath(context, wanted));
  const body = { instanceId, policy, reason };
  const asked = await remote.post<z.infer<typeof RequestedReplacement>>('replacements', body);
  if (json) return out.json(asked);
  out.line(`asked for the replacement of ${wanted}`);
  for (const { kind, message } of asked.blockers) out.line(`held back by ${kind}: ${message}`);
}

/** The envelope as the server keeps it, with or without --json: it is JSON either way, and what `proof verify` reads. */
export async function proof(
  { remote, out }: Context,
  [id = '']: readonly string[],
  { output }: { readonly output?: unknown },
): Promise<void> {
  const envelope = await remote.get<Envelope>(`${await pathOf(remote, id)}/proof`);
  if (typeof output !== 'string') return out.json(envelope);
  try {
    await writeFile(output, `${JSON.stringify(envelope, null, 2)}\n`, { flag: 'wx' });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    throw new CodedError(isThere ? 'FILE_EXISTS' : 'CONFIG', `expected to write a new file ${output}`, cause);
  }
}
