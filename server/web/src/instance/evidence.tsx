import type { Coverage, Evidence as EvidenceData } from '../api/types.ts';
import { Facts } from '../parts/facts.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { bytes, count, plural } from '../words/numbers.ts';
import { tookOf, utc } from '../words/time.ts';
import styles from './instance.module.css';

/** More holes or skipped paths than this are counted, not listed. */
const listedMax = 200;

/** What the verdict rests on: the last complete scan, and above all what it did not look at. */
export function Evidence({ evidence }: { readonly evidence: EvidenceData }) {
  const { coverage, startedAt, finishedAt, expiresAt } = evidence;
  return (
    <Panel title="Evidence">
      <Facts
        rows={[
          [
            'Scan',
            <span key="scan">
              began {utc(startedAt)}, took {tookOf(startedAt, finishedAt)}
            </span>,
          ],
          ['Finished', <Moment key="finished" at={finishedAt} />],
          [
            'Counts until',
            <span key="until">
              {utc(expiresAt)} (<Moment at={expiresAt} />)
            </span>,
          ],
          ['Entries of the manifest', count(coverage.entries)],
          ['Subjects checked', count(coverage.checked)],
          ['Files hashed', `${count(coverage.filesHashed)}, ${bytes(coverage.bytesHashed)}`],
          ['Files unchanged, not read', count(coverage.filesUnchanged ?? 0)],
          ['Rules', `sequence ${evidence.rules}`],
          ...(coverage.components ?? []).map(
            ({ name, version, digest }) => [`Laid over: ${name}@${version}`, <code key={name}>{digest}</code>] as const,
          ),
          ['Image digest', <code key="digest">{evidence.imageDigest}</code>],
          ['State digest', <code key="state">{evidence.stateDigest}</code>],
        ]}
      />
      <Holes holes={coverage.holes} />
      <Skipped skipped={coverage.skipped} />
      {coverage.mounts.length > 0 && <Mounts mounts={coverage.mounts} />}
    </Panel>
  );
}

function Holes({ holes }: { readonly holes: Coverage['holes'] }) {
  if (holes.length === 0) return <p className={styles['count']}>No holes: everything in scope was measured.</p>;
  return (
    <>
      <h3 className={styles['sub']} data-tone="warn">
        {plural(holes.length, 'hole')}: in scope, and could not be measured
      </h3>
      <ul className={styles['paths']}>
        {holes.slice(0, listedMax).map(({ subject, name, reason }) => (
          <li key={`${subject} ${name} ${reason}`}>
            <Untrusted text={name} /> <span className={styles['quiet']}>{`${subject}, ${reason}`}</span>
          </li>
        ))}
      </ul>
      <More all={holes.length} />
    </>
  );
}

function Skipped({ skipped }: { readonly skipped: Coverage['skipped'] }) {
  if (skipped.length === 0) return <p className={styles['count']}>Nothing was skipped.</p>;
  return (
    <details className={styles['details']}>
      <summary>{plural(skipped.length, 'place was skipped', 'places were skipped')} by rule</summary>
      <ul className={styles['paths']}>
        {skipped.slice(0, listedMax).map(({ name, rule }) => (
          <li key={`${name} ${rule}`}>
            <Untrusted text={name} />{' '}
            <span className={styles['quiet']}>
              <Untrusted text={rule} mono={false} />
            </span>
          </li>
        ))}
      </ul>
      <More all={skipped.length} />
    </details>
  );
}

function Mounts({ mounts }: { readonly mounts: Coverage['mounts'] }) {
  return (
    <details className={styles['details']}>
      <summary>{plural(mounts.length, 'mount was', 'mounts were')} entered</summary>
      <ul className={styles['paths']}>
        {mounts.slice(0, listedMax).map((name) => (
          <li key={name}>
            <Untrusted text={name} />
          </li>
        ))}
      </ul>
      <More all={mounts.length} />
    </details>
  );
}

function More({ all }: { readonly all: number }) {
  return all > listedMax ? <p className={styles['count']}>… and {count(all - listedMax)} more.</p> : null;
}
