import { canonicalJson } from './canonical-json.ts';
import type { Hole } from './coverage.ts';
import { digestOf } from './digest.ts';

/**
 * One digest over all that an instance's content state is: manifest (the image digest), rules sequence, components, open fingerprints and holes.
 * Both ends compute it on their own; it rides on every report and heartbeat, so a clean instance costs no row and a
 * lost difference is noticed.
 */
export function stateDigest(state: {
  readonly manifest: string;
  readonly rules: number;
  readonly fingerprints: readonly string[];
  readonly holes: readonly Hole[];
  /** Digests of the components that were laid over the image. */
  readonly components?: readonly string[] | undefined;
}): string {
  const { components = [] } = state;
  return digestOf(
    canonicalJson({
      v: 1,
      manifest: state.manifest,
      rules: state.rules,
      ...(components.length > 0 && { components: [...components] }),
      fingerprints: [...state.fingerprints].sort(),
      holes: state.holes.map(({ subject, name, reason }) => canonicalJson([subject, name, reason])).sort(),
    }),
  );
}
