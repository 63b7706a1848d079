/** Who may do what. The one order of the roles; `allows` is asked by the one gate (app.ts). */
export const ROLES = ['viewer', 'reviewer', 'operator'] as const;
/** viewer: looks · reviewer: decides conflicts, links and parked records, too · operator: approves plans, too. */
export type Role = (typeof ROLES)[number];

export interface Actor {
  /** Under this name decisions are kept. */
  readonly name: string;
  readonly role: Role;
  /** How we know: signed in, by a bearer token, or as the user of this machine. */
  readonly by: 'session' | 'token' | 'machine';
}

export function allows(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
