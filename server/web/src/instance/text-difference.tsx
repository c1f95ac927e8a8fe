import { useState } from 'react';
import { diffLineKind, redactionsOf, withheldWords } from '../../../../shared/diff-text.ts';
import type { InstanceFinding } from '../api/types.ts';
import { Untrusted } from '../parts/untrusted.tsx';
import { plural } from '../words/numbers.ts';
import styles from './text-difference.module.css';

/** Longer ones are opened by whoever wants to read them. */
const openLinesMax = 40;

/** What changed inside a public text file, line by line. The agent wrote it: it is text, and never markup. */
export function TextDifference({ diff }: { readonly diff: NonNullable<InstanceFinding['diff']> }) {
  const lines = 'text' in diff ? diff.text.split('\n').slice(0, -1) : [];
  const [isOpen, setOpen] = useState(lines.length <= openLinesMax);
  if ('withheld' in diff) return <p className={styles['withheld']}>Text not shown: {withheldWords[diff.withheld]}.</p>;
  return (
    <details className={styles['diff']} open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        What changed inside
        {diff.redactions > 0 && `, ${plural(diff.redactions, 'redaction')}`}
        {diff.truncated && ', cut'}
      </summary>
      {isOpen && (
        <pre className={styles['lines']}>
          {lines.map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a diff never move
            <Line key={at} line={line} />
          ))}
        </pre>
      )}
      {isOpen && diff.truncated && <p className={styles['withheld']}>There is more than is shown.</p>}
    </details>
  );
}

function Line({ line }: { readonly line: string }) {
  const pieces = redactionsOf(line);
  return (
    <span className={styles['line']} data-kind={diffLineKind(line)}>
      {pieces.map(({ text, isRedacted }, at) =>
        isRedacted ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: nor do the pieces of a line
          <mark key={at} className={styles['redacted']}>
            {text}
          </mark>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: nor do the pieces of a line
          <Untrusted key={at} text={text} tabs />
        ),
      )}
    </span>
  );
}
