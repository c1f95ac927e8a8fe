import { z } from 'zod';

/** What a token lets its holder do; each may do all that those before it may. */
export const roles = ['viewer', 'operator', 'approver', 'admin'] as const;
export const Role = z
  .enum(roles)
  .describe(
    '`viewer` reads; `operator` runs the fleet: applies, holds, pardons; `approver` also approves replacements and declares exemptions; `admin` also makes tokens and says whom to trust',
  )
  .meta({ id: 'Role' });
export type Role = z.infer<typeof Role>;

export function mayAs(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
