import type { Cause as CauseData } from '../api/types.ts';
import { Untrusted } from '../parts/untrusted.tsx';
import { plural } from '../words/numbers.ts';

/** Why an instance is replaced, in a few words. */
export function Cause({ cause }: { readonly cause: CauseData }) {
  switch (cause.trigger) {
    case 'drift':
      return (
        <>
          drift, {cause.severity} ({plural(cause.fingerprints.length, 'finding')})
        </>
      );
    case 'outdated':
      return (
        <>
          outdated: <Untrusted text={cause.from} mono={false} /> → <Untrusted text={cause.to} mono={false} />
        </>
      );
    case 'age':
      return <>older than {cause.olderThan}</>;
    case 'silence':
      return (
        <>
          silent for {cause.silent}; its machine is {cause.witness ?? 'running'}
        </>
      );
    case 'unverifiable':
      return <>not verifiable for {cause.unverifiable}</>;
    case 'manual':
      return (
        <>
          <Untrusted text={cause.by} mono={false} /> asked for it: <Untrusted text={cause.reason} mono={false} />
        </>
      );
    default:
      return cause satisfies never;
  }
}
