import type { components } from '../generated/api.ts';

/** The API's words, by name, from the document that the server makes of its own routes. */
type Schemas = components['schemas'];

export type Instance = Schemas['Instance'];
export type Evidence = Schemas['Evidence'];
export type Coverage = Schemas['Coverage'];
export type GroupView = Schemas['GroupView'];
export type InstanceFinding = Schemas['InstanceFinding'];
export type PlanView = Schemas['Plan'];
export type Replacement = Schemas['Replacement'];
export type Cause = Schemas['Cause'];
export type Envelope = Replacement['proof'];
export type FleetEvent = Schemas['FleetEvent'];
export type Look = Schemas['Look'];
export type Severity = Schemas['Severity'];
export type Change = Schemas['Change'];
export type Role = Schemas['Role'];
export type Hold = Schemas['Hold'];
export type ApprovalRequest = Schemas['ApprovalRequest'];
export type Quarantine = Schemas['Quarantine'];
export type Orphans = Schemas['Orphans'];
export type Rollout = Schemas['Rollout'];
export type PolicyView = Schemas['PolicyView'];
/** As it is sent: what is left out has its default. */
export type PolicyDocument = PolicyView['policy'];
export type Simulation = Schemas['Simulation'];
export type SimulatedPlan = Schemas['SimulatedPlan'];
export type ExemptionView = Schemas['ExemptionView'];
export type AuditEntry = Schemas['AuditEntry'];
