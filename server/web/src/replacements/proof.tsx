import { Button, Code } from '@mantine/core';
import type { Envelope } from '../api/types.ts';
import { Facts } from '../parts/facts.tsx';
import { Panel } from '../parts/panel.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { bytes, count, plural } from '../words/numbers.ts';
import { tookOf, utc } from '../words/time.ts';
import { type ProofDocument, readProof } from './proof-document.ts';
import styles from './replacements.module.css';

/** The proof in words, as signed, and to take away. */
export function Proof({ envelope, name }: { readonly envelope: NonNullable<Envelope>; readonly name: string }) {
  const { text, predicate } = readProof(envelope);
  return (
    <Panel
      title="Proof"
      aside={
        <Button size="xs" variant="default" onClick={() => download(envelope, name)}>
          Download the signed proof
        </Button>
      }
    >
      {predicate !== undefined && <Claims predicate={predicate} />}
      <p className={styles['note']}>
        {plural(envelope.signatures.length, 'signature')}; this page does not check{' '}
        {envelope.signatures.length === 1 ? 'it' : 'them'}. <Code>pristinectl proof verify {name}</Code> does.
      </p>
      <details className={styles['details']}>
        <summary>The signed statement</summary>
        <section className={styles['statement']} aria-label="The signed statement" {...scrolledByKeyboard}>
          <pre>
            <Statement text={text} />
          </pre>
        </section>
      </details>
    </Panel>
  );
}

/** What scrolls must be reachable by keyboard (WCAG 2.1.1). */
const scrolledByKeyboard = { tabIndex: 0 } as const;

/** Line by line, so that a long coverage is not cut like one long name. */
function Statement({ text }: { readonly text: string }) {
  return text.split('\n').map((line, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the lines of one text do not move
    <span key={index}>
      <Untrusted text={line} />
      {'\n'}
    </span>
  ));
}

function Claims({ predicate }: { readonly predicate: NonNullable<ProofDocument['predicate']> }) {
  const { scan, soak, launchedAt, retiredAt, timeVerified } = predicate;
  const { coverage } = scan;
  return (
    <>
      <p className={styles['lead']}>
        The new instance was measured {scan.verdict === 'in_sync' ? 'in sync' : scan.verdict} by a complete scan that
        began {tookOf(launchedAt, scan.startedAt)} after its launch.
      </p>
      <Facts
        rows={[
          ['Launched', utc(launchedAt)],
          ['Scan', `began ${utc(scan.startedAt)}, took ${tookOf(scan.startedAt, scan.finishedAt)}`],
          [
            'It looked at',
            `${count(coverage.checked)} subjects against ${plural(coverage.entries, 'entry', 'entries')}; ${plural(coverage.filesHashed, 'file')} hashed, ${bytes(coverage.bytesHashed)}; ${count(coverage.filesUnchanged ?? 0)} unchanged, not read; ${plural(coverage.holes.length, 'hole')}, ${plural(coverage.skipped.length, 'place')} skipped`,
          ],
          ['Old one retired', utc(retiredAt)],
          ['After the soak', `a scan began ${utc(soak.scan.startedAt)}, and found it in sync`],
          ['Signed', utc(timeVerified)],
          ['New instance’s key', <code key="key">{predicate.new.key}</code>],
          ['Image digest', <code key="digest">{predicate.new.image.digest}</code>],
        ]}
      />
    </>
  );
}

/** Exactly the envelope that the server keeps: what is signed is its payload's bytes, so it is not rewritten. */
function download(envelope: NonNullable<Envelope>, name: string): void {
  const address = URL.createObjectURL(
    new Blob([JSON.stringify(envelope, null, 2), '\n'], { type: 'application/json' }),
  );
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // Revoked later: the browser reads it after this handler.
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
