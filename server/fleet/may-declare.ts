import { CodedError } from '../../shared/errors.ts';
import type { Exemption } from '../../shared/exemption.ts';
import type { Document, Group, Policy } from '../../shared/policy.ts';
import { mayAs, type Role } from '../../shared/role.ts';
import { selectorIn } from '../../shared/selector.ts';
import type { Db } from '../store/database.ts';
import { readExemption } from '../store/exemption-store.ts';
import { readGroup } from '../store/group-store.ts';
import { readPolicies, readPolicy } from '../store/policy-store.ts';
import { specText } from '../store/spec.ts';
import { approvalRuleOf, isLessApproval } from './approval.ts';
import { isLessKeeping } from './quarantine.ts';

interface Declarer {
  readonly name: string;
  readonly role: Role;
}

/** Whoever may not do a thing must not be able to declare it either. Errors: FORBIDDEN, with who may. */
export async function refuseToDeclare(tx: Db, document: Document, by: Declarer): Promise<void> {
  if (by.role === 'admin') return;
  switch (document.kind) {
    case 'Exemption':
      return refuseExemption(tx, document, by);
    case 'Policy':
      return refusePolicy(tx, document, by);
    case 'Group':
      return refuseGroup(tx, document, by);
    default:
      return document satisfies never;
  }
}

async function refusePolicy(tx: Db, policy: Policy, { role }: Declarer): Promise<void> {
  const stored = await readPolicy(tx, policy.name);
  if (stored === undefined) return;
  if (!mayAs(role, 'approver') && isLessKeeping(stored.policy, policy)) {
    throw new CodedError(
      'FORBIDDEN',
      `policy ${policy.name} would keep less evidence than it does, which is for an approver; to stop what it does, hold its group`,
    );
  }
  if (!isLessApproval(stored.policy, policy)) return;
  throw new CodedError(
    'FORBIDDEN',
    `policy ${policy.name} would ask for less of an approval than it does, which is for an admin; to stop what it does, hold its group`,
  );
}

/** A provider is a program that the server runs, and a group whose provider is another one has lost its machines. */
async function refuseGroup(tx: Db, group: Group, { name, role }: Declarer): Promise<void> {
  const stored = await readGroup(tx, group.name);
  if (stored === undefined || specText(stored.group.provider) !== specText(group.provider)) {
    throw new CodedError(
      'FORBIDDEN',
      `${name} is ${role}, and what provider a group has is for an admin, because the server runs it: ask one to apply group ${group.name}`,
    );
  }
  for (const { policy } of await readPolicies(tx)) {
    if (policy.mode !== 'enforce' || !takesFrom(policy, stored.group, group)) continue;
    if (approvalRuleOf([policy]) !== null) throw wouldNot(policy, 'asks for an approval in', group, 'admin');
    if (policy.quarantine !== undefined && !mayAs(role, 'approver'))
      throw wouldNot(policy, 'keeps the evidence of', group, 'approver');
  }
}

function wouldNot({ name }: Policy, what: string, group: Group, role: Role): CodedError {
  const why = `policy ${name} ${what} group ${group.name}, and would not by these labels`;
  return new CodedError('FORBIDDEN', `${why}, which is for an ${role}`);
}

/** Whether instances that a policy may select now might be none of its own by what is declared of their group. */
function takesFrom({ select }: Policy, before: Group, after: Group): boolean {
  if (selectorIn(select, before) === undefined) return false;
  return Object.entries(select.labels ?? {}).some(
    ([key, value]) => before.labels[key] !== after.labels[key] && after.labels[key] !== value,
  );
}

/** Whoever may not permit a drift may still apply all that is declared, where it changes nothing. */
async function refuseExemption(tx: Db, exemption: Exemption, { name, role }: Declarer): Promise<void> {
  if (mayAs(role, 'approver')) return;
  const stored = await readExemption(tx, exemption.name);
  if (stored !== undefined && specText(stored.exemption) === specText(exemption)) return;
  throw new CodedError(
    'FORBIDDEN',
    `${name} is ${role}, and to permit a drift needs the role approver: ask one to apply exemption ${exemption.name}; to stop what is replaced meanwhile, hold the group`,
  );
}
