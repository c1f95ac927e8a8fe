import { z } from 'zod';
import { CodedError } from '../../../shared/errors.ts';
import type { KeptSnapshot, Machine } from '../provider.ts';

/** What is said to the program of a `command` provider, and what it says: `../COMMAND.md` is this for people. */

export const operations = [
  ...(['list', 'preflight', 'launch', 'drain', 'restore', 'terminate', 'isolate'] as const),
  ...(['keep-snapshot', 'drop-snapshot', 'list-snapshots', 'show-disk', 'hide-disk', 'recover'] as const),
] as const;
export type Operation = (typeof operations)[number];

export interface Request {
  readonly schema: 'pristine.provider-request/1';
  readonly operation: Operation;
  readonly group: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly [detail: string]: unknown;
}

const text = z.string().min(1).max(1_024);
const MachineAnswer: z.ZodType<Machine> = z.strictObject({
  providerId: text,
  launchKey: text.nullable(),
  state: z.enum(['starting', 'running', 'draining', 'isolated', 'stopped']),
  drainedBy: text.nullable(),
});
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const SnapshotAnswer: z.ZodType<KeptSnapshot> = z.strictObject({
  snapshotId: text,
  key: text,
  providerId: text,
  where: z.string().max(4_096),
});
const itemsMax = 100_000;
const details = {
  list: { machines: z.array(MachineAnswer).max(itemsMax) },
  preflight: { image: text, digest: digest.optional() },
  launch: { machine: MachineAnswer },
  'keep-snapshot': { snapshot: SnapshotAnswer },
  'list-snapshots': { snapshots: z.array(SnapshotAnswer).max(itemsMax) },
  'show-disk': { root: z.string().startsWith('/').max(4_096) },
} as const;
type Details = typeof details;

const common = { schema: z.literal('pristine.provider-answer/1'), operation: z.string(), group: z.string() };

export type Answer<O extends Operation> = O extends keyof Details
  ? { readonly [K in keyof Details[O]]: z.infer<Details[O][K]> }
  : object;

/**
 * An answer that is to the question: strictly of its shape, for this operation and this group, of each machine once.
 * Errors: PROTOCOL.
 */
export function parseAnswer<O extends Operation>(
  output: string,
  { operation, group }: Request & { operation: O },
): Answer<O> {
  const own: Readonly<Record<string, z.ZodType>> = operation in details ? details[operation as keyof Details] : {};
  const schema = z.strictObject({ ...common, ...own });
  let said: unknown;
  try {
    said = JSON.parse(output);
  } catch (cause) {
    throw refused(operation, `one JSON object on standard output, got ${JSON.stringify(output.slice(0, 80))}`, cause);
  }
  const parsed = schema.safeParse(said);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(operation, `the answer of COMMAND.md: ${issue?.path.join('.') ?? ''}: ${issue?.message}`);
  }
  const answer = parsed.data as z.infer<typeof schema> & Record<string, unknown>;
  if (answer.operation !== operation) throw refused(operation, `an answer to it, got one to ${answer.operation}`);
  if (answer.group !== group) throw refused(operation, `an answer for group ${group}, got one for ${answer.group}`);
  const machines = (answer['machines'] ?? []) as readonly Machine[];
  if (new Set(machines.map(({ providerId }) => providerId)).size < machines.length)
    throw refused(operation, 'each machine once, got one twice');
  return answer as unknown as Answer<O>;
}

/** Exit code 20 may say more: which kind of no it is. Whatever else is there is taken for a wrong configuration. */
const Refusal = z.strictObject({ ...common, error: z.enum(['not-found', 'conflict', 'config']) });
const refusals = { 'not-found': 'NOT_FOUND', conflict: 'CONFLICT', config: 'CONFIG' } as const;

export function parseRefusal(output: string, { operation, group }: Request): 'NOT_FOUND' | 'CONFLICT' | 'CONFIG' {
  try {
    const said = Refusal.parse(JSON.parse(output));
    return said.operation === operation && said.group === group ? refusals[said.error] : 'CONFIG';
  } catch {
    return 'CONFIG';
  }
}

export function refused(operation: string, expected: string, cause?: unknown): CodedError {
  return new CodedError('PROTOCOL', `${operation}: expected ${expected}`, cause);
}
