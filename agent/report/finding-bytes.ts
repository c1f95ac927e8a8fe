import type { Finding } from '../../shared/finding.ts';

const known = new WeakMap<Finding, number>();

/** Bytes of a finding as JSON. Measured once: findings never change. */
export function findingBytes(finding: Finding): number {
  let bytes = known.get(finding);
  if (bytes === undefined) {
    bytes = Buffer.byteLength(JSON.stringify(finding));
    known.set(finding, bytes);
  }
  return bytes;
}

/** For who has measured it already. */
export function knowBytes(finding: Finding, bytes: number): void {
  known.set(finding, bytes);
}
