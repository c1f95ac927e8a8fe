import { z } from 'zod';

/** Ordered. `info` is shown but neither drifts nor taints. */
export const severities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export const Severity = z.enum(severities).meta({ id: 'Severity' });
export type Severity = z.infer<typeof Severity>;

export function severityAtLeast(severity: Severity, floor: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(floor);
}

export function gravestFirst(a: { readonly severity: Severity }, b: { readonly severity: Severity }): number {
  return severities.indexOf(b.severity) - severities.indexOf(a.severity);
}

export function highestSeverity(a: Severity, b: Severity): Severity {
  return severityAtLeast(a, b) ? a : b;
}
