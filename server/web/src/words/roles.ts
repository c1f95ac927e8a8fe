import type { Role } from '../api/types.ts';

/** Each may do all that those before it may. */
const roles: readonly Role[] = ['viewer', 'operator', 'approver', 'admin'];

export function mayAs(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
