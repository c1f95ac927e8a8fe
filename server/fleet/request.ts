import { timestamp } from '../../shared/clock.ts';
import { CodedError } from '../../shared/errors.ts';
import { selectorIn } from '../../shared/selector.ts';
import type { Db } from '../store/database.ts';
import { appendEvent } from '../store/event-store.ts';
import { readGroup } from '../store/group-store.ts';
import { findImage } from '../store/image-store.ts';
import { getInstance } from '../store/instance-store.ts';
import { zoneOf } from '../store/machine-store.ts';
import { readPolicy } from '../store/policy-store.ts';
import { writeRequest } from '../store/request-store.ts';
import type { Decision } from './decision.ts';

/**
 * A person asks that an instance be replaced, by a policy that lets people ask. It begins once nothing holds it back; asked
 * again, the latest holds. Errors: NOT_FOUND, CONFLICT with what is in the way of asking.
 */
export async function requestReplacement(
  db: Db,
  { instanceId, reason, actor, policy: name }: Decision & { readonly policy: string },
  now: number,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const instance = await getInstance(tx, instanceId);
    const { group: groupName, lifecycle, labels, providerId } = instance;
    const refuse = (why: string): never => {
      throw new CodedError('CONFLICT', why);
    };
    if (lifecycle !== 'active')
      refuse(`instance ${instanceId} is ${lifecycle}, and only an active one can be replaced`);
    const policy = (await readPolicy(tx, name))?.policy;
    if (policy === undefined) throw new CodedError('NOT_FOUND', `there is no policy ${name}`);
    if (!policy.triggers.some((trigger) => 'manual' in trigger))
      refuse(`policy ${name} lets nobody ask: \`{manual: true}\` among its triggers does`);
    const group = (await readGroup(tx, groupName))?.group;
    const image = (await findImage(tx, instance.imageDigest)) ?? null;
    const zone = await zoneOf(tx, groupName, providerId);
    if (!(group && selectorIn(policy.select, group)?.({ image, labels, zone })))
      refuse(`policy ${name} does not select instance ${instanceId}`);
    const at = timestamp(now);
    await writeRequest(tx, { instance_id: instanceId, policy: name, reason, actor, asked_at: at });
    const data = { policy: name, providerId, reason, actor };
    await appendEvent(tx, { at, type: 'replacement.requested', groupName, instanceId, data });
  });
}
