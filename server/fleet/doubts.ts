import { timestamp } from '../../shared/clock.ts';
import type { DoubtKind } from '../../shared/doubt-text.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { openFindings } from '../store/finding-store.ts';
import { getInstance, type StoredInstance, updateInstance } from '../store/instance-store.ts';
import { appendChangeEvents } from './change-events.ts';
import type { Decision } from './decision.ts';
import { withVerdict } from './verdict.ts';

export interface NewDoubt {
  readonly instanceId: string;
  readonly kind: DoubtKind;
  /** What a person would ask next, such as the two addresses. */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * From now on it is not sure which machine an instance is: it is not `in_sync`, whatever is reported, until a person
 * trusts it again. Said a second time it changes nothing. Returns whether it is new. Errors: NOT_FOUND.
 */
export async function raiseDoubt(tx: Db, { instanceId, kind, data }: NewDoubt, now: number): Promise<boolean> {
  const instance = await getInstance(tx, instanceId);
  if (instance.doubts.some((doubt) => doubt.kind === kind)) return false;
  const at = timestamp(now);
  await appendEvent(tx, {
    ...{ at, type: 'instance.doubted', groupName: instance.group, instanceId },
    data: { ...data, kind },
  });
  await change(tx, instance, { ...instance, doubts: [...instance.doubts, { kind, since: at }] }, at);
  return true;
}

/** What no person ends by trusting one instance: a revoked key stays revoked, and of two claimants one is to be accepted. */
const lasting: Partial<Record<DoubtKind, string>> = {
  'key-revoked': 'has a revoked key: it must enrol with another',
  'claimed-twice': 'is claimed by two keys: `pristinectl instances accept` says which one it is',
};

/**
 * A person has looked and is sure again which machine this is. What is open stays open.
 * Errors: NOT_FOUND, CONFLICT without a doubt that this ends.
 */
export async function trust(db: Db, { instanceId, reason, actor }: Decision, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const kinds = (await getInstance(tx, instanceId)).doubts.map(({ kind }) => kind);
    const ended = kinds.filter((kind) => lasting[kind] === undefined);
    if (ended.length === 0) {
      const why = kinds.flatMap((kind) => lasting[kind] ?? [])[0] ?? 'is not in doubt';
      throw new CodedError('CONFLICT', `instance ${instanceId} ${why}`);
    }
    await endDoubts(tx, instanceId, ended, { reason, actor }, now);
  });
}

export async function endDoubts(
  tx: Db,
  instanceId: string,
  kinds: readonly DoubtKind[],
  data: Readonly<Record<string, unknown>>,
  now: number,
): Promise<void> {
  const instance = await getInstance(tx, instanceId);
  const at = timestamp(now);
  await appendEvent(tx, {
    ...{ at, type: 'instance.trusted', groupName: instance.group, instanceId },
    data: { ...data, kinds },
  });
  const doubts = instance.doubts.filter(({ kind }) => !kinds.includes(kind));
  await change(tx, instance, { ...instance, doubts }, at);
}

async function change(tx: Db, before: StoredInstance, changed: StoredInstance, at: string): Promise<void> {
  const after = withVerdict(changed, await openFindings(tx, before.id), at);
  await updateInstance(tx, after);
  await appendChangeEvents(tx, { before, after, opened: [], closed: [], scanId: null, at });
}
