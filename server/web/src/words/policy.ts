import type { PolicyDocument } from '../api/types.ts';

/** `group web-prod, zone eu-1` */
export function selectText(select: PolicyDocument['select']): string {
  const parts = Object.entries(select).map(([key, value]) => `${key} ${valueText(value)}`);
  return parts.join(', ') || 'nothing';
}

/** Of a trigger or a budget, in the words of its document: `drift: severity high, settle 2m`. */
export function partsText(part: object): string {
  return Object.entries(part)
    .map(([key, value]) => (value === true ? key : `${key}: ${valueText(value)}`))
    .join(', ');
}

function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(valueText).join(' or ');
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${valueText(inner)}`)
    .join(', ');
}
