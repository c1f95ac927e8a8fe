import { useQuery } from '@tanstack/react-query';
import { callerQuery } from '../api/decision-queries.ts';
import { approve, refuse } from '../api/decisions.ts';
import { instancesQuery, planQuery } from '../api/queries.ts';
import type { ApprovalRequest } from '../api/types.ts';
import { Act, Acts } from '../parts/act.tsx';
import { Facts } from '../parts/facts.tsx';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Note, Quiet, Rows } from '../parts/rows.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { approvalMarks } from '../words/decision-marks.ts';
import { plural } from '../words/numbers.ts';

/** One request with all that a yes would be bound to, and what was said to it. */
export function RequestPanel({ request }: { readonly request: ApprovalRequest }) {
  const { id, group, policy, policyVersion, target, createdAt, refused, state } = request;
  const waiting = useWaiting(request);
  return (
    <Panel title={`${group}: ${causeTitle(request)}`} aside={<StateMark mark={approvalMarks[state]} />}>
      <Facts
        rows={[
          ['Because of', <CauseInFull key="cause" request={request} />],
          ['Policy', `${policy}, version ${policyVersion}`],
          ['Replaced with', `${target.name}@${target.version}`],
          ['Image digest', <code key="digest">{target.digest}</code>],
          ['Needs', neededText(request)],
          ['Asked', <Moment key="asked" at={createdAt} />],
          ['Waiting for it', <Waiting key="waiting" waiting={waiting} />],
          ['Request', <code key="id">{id}</code>],
        ]}
      />
      {refused !== null && (
        <p>
          Refused by <Untrusted text={refused.actor} mono={false} /> <Moment at={refused.at} />:{' '}
          <Untrusted text={refused.reason} mono={false} />
        </p>
      )}
      <Said request={request} />
      <Decide request={request} waiting={waiting.length} />
    </Panel>
  );
}

interface WaitingInstance {
  readonly id: string;
  readonly providerId: string | null;
}

/** The instances that only wait, or also wait, for this request. */
function useWaiting({ id, group }: ApprovalRequest): readonly WaitingInstance[] {
  const plan = useQuery(planQuery(group));
  const instances = useQuery(instancesQuery);
  const held = (plan.data?.blocked ?? []).filter(({ blockers }) =>
    blockers.some(({ kind, message }) => kind === 'approval' && message.includes(id)),
  );
  return [...new Set(held.map(({ instanceId }) => instanceId))].map((instanceId) => ({
    id: instanceId,
    providerId: instances.data?.items.find((instance) => instance.id === instanceId)?.providerId ?? null,
  }));
}

const waitingShown = 10;

function Waiting({ waiting }: { readonly waiting: readonly WaitingInstance[] }) {
  if (waiting.length === 0) return <Quiet>no instance now</Quiet>;
  return (
    <>
      {plural(waiting.length, 'instance')}:{' '}
      {waiting.slice(0, waitingShown).map(({ id, providerId }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <InstanceLink id={id} providerId={providerId} />
        </span>
      ))}
      {waiting.length > waitingShown && ' …'}
    </>
  );
}

function Said({ request: { approvals } }: { readonly request: ApprovalRequest }) {
  if (approvals.length === 0) return <Note>Nobody has approved it.</Note>;
  return (
    <Rows
      label="What people have said"
      heads={['By', 'Said', 'Used', 'Holds', 'Reason']}
      rows={approvals.map((one) => ({
        key: one.id,
        cells: [
          <Untrusted key="by" text={one.actor} mono={false} />,
          <Moment key="at" at={one.createdAt} />,
          `${one.used} of ${one.instances}`,
          <Holds key="holds" approval={one} />,
          <Untrusted key="reason" text={one.reason} mono={false} />,
        ],
      }))}
    />
  );
}

function Holds({ approval }: { readonly approval: ApprovalRequest['approvals'][number] }) {
  const { inForce, revokedAt, revokedBy, expiresAt } = approval;
  if (revokedAt !== null)
    return (
      <Quiet>
        taken back by {revokedBy} <Moment at={revokedAt} />
      </Quiet>
    );
  if (!inForce) return <Quiet>no more</Quiet>;
  return (
    <>
      it ends <Moment at={expiresAt} />
    </>
  );
}

function Decide({ request, waiting }: { readonly request: ApprovalRequest; readonly waiting: number }) {
  const { id, group, barred, target } = request;
  const caller = useQuery(callerQuery);
  const isBarred = barred.includes(caller.data?.name ?? '');
  return (
    <Acts>
      <Act
        label="Approve"
        title={`Let instances of ${group} be replaced`}
        needs="approver"
        refused={
          isBarred ? 'You applied this version of the policy, or promoted the image: another person must.' : undefined
        }
        fields={[
          {
            name: 'instances',
            label: 'At most so many instances',
            hint: `${plural(waiting, 'instance waits', 'instances wait')} now`,
            initial: '1',
          },
          {
            name: 'for',
            label: 'For how long',
            hint: 'Such as 2h; without it, and at most, what the policy says.',
            isOptional: true,
          },
        ]}
        send={({ instances, for: duration, reason = '' }) =>
          approve(id, {
            instances: Number(instances),
            reason,
            ...(duration !== undefined && duration !== '' && { for: duration }),
          })
        }
      >
        Machines are ended by it, within budgets and windows, and replaced with {target.name}@{target.version}.
      </Act>
      <Act
        label="Refuse"
        title={`Refuse the replacement of instances of ${group}`}
        needs="operator"
        isGrave
        send={({ reason = '' }) => refuse(id, reason)}
      >
        Every approval is taken back; what is under way and can be taken back is rolled back. Whoever approves it after
        that has read your reason.
      </Act>
    </Acts>
  );
}

function neededText({ needed, barred }: ApprovalRequest): string {
  const people = plural(needed, 'person', 'different people');
  return barred.length === 0 ? people : `${people}, none of them ${barred.join(' or ')}`;
}

function causeTitle({ cause: { trigger, severity } }: ApprovalRequest): string {
  return severity === undefined ? trigger : `${severity} ${trigger}`;
}

function CauseInFull({ request: { cause } }: { readonly request: ApprovalRequest }) {
  const { trigger, shapes = [], from, olderThan, silent, unverifiable, by, reason } = cause;
  if (shapes.length > 0)
    return shapes.map((shape) => (
      <div key={shape}>
        <Untrusted text={shape} />
      </div>
    ));
  const told = [from, olderThan, silent, unverifiable, by, reason].filter((part) => part !== undefined);
  return <Untrusted text={[trigger, ...told].join(' · ')} mono={false} />;
}
