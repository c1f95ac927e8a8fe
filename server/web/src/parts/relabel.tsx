import { plural } from '../words/numbers.ts';
import { Untrusted } from './untrusted.tsx';

/** "gid and uid differ on 4,211 files: a relabel" */
export function RelabelSentence({
  attributes,
  files,
}: {
  readonly attributes: readonly string[];
  readonly files: number;
}) {
  return (
    <>
      <Untrusted text={attributes.join(' and ')} /> {attributes.length === 1 ? 'differs' : 'differ'} on{' '}
      {plural(files, 'file')}: a relabel
    </>
  );
}
