import type { Look } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { changeMarks, lookMarks, lookUnderWay, severityMarks, silenceWords } from '../words/marks.ts';
import { count, plural } from '../words/numbers.ts';
import { tookOf } from '../words/time.ts';
import styles from './looks.module.css';

const whyWords: Record<Look['why'], string> = {
  scheduled: 'drawn by lot',
  requested: 'asked for by a person',
  proof: 'asked for before a proof',
};

/** What the server saw on the disk itself, beside what the agent told: the latest look in full, the ones before it in a line. */
export function Looks({ looks }: { readonly looks: readonly Look[] }) {
  const [latest, ...earlier] = looks;
  return (
    <Panel title="Seen from outside">
      {latest === undefined ? (
        <p className={styles['quiet']}>
          The server has not looked at this disk itself yet. What is known of it, its agent has told.
        </p>
      ) : (
        <LatestLook look={latest} />
      )}
      {earlier.length > 0 && (
        <details className={styles['earlier']}>
          <summary>{plural(earlier.length, 'look')} before</summary>
          <ul className={styles['list']}>
            {earlier.map((look) => (
              <li key={look.id}>
                <Outcome look={look} /> <Moment at={look.requestedAt} />, {whyWords[look.why]}:{' '}
                <Untrusted text={look.detail} mono={false} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </Panel>
  );
}

function LatestLook({ look }: { readonly look: Look }) {
  const { measure, differences, differencesCount } = look;
  return (
    <>
      <p className={styles['head']}>
        <Outcome look={look} /> <Moment at={look.finishedAt ?? look.requestedAt} />, {whyWords[look.why]}
      </p>
      <p className={styles['says']}>
        <Untrusted text={look.detail} mono={false} />
      </p>
      {measure !== null && (
        <p className={styles['quiet']}>
          {count(measure.checked)} subjects checked in {tookOf(measure.startedAt, measure.finishedAt)} by rules{' '}
          {measure.rules}: {plural(measure.findings, 'finding')}, {plural(measure.holesCount, 'hole')}
          {look.rounds > 1 && `; looked at ${look.rounds} times`}
        </p>
      )}
      {differencesCount > 0 && (
        <ul className={styles['differences']}>
          {differences.map((difference) => (
            <li key={difference.fingerprint} data-stands={difference.stands}>
              <StateMark mark={severityMarks[difference.severity]} />{' '}
              <StateMark mark={changeMarks[difference.change]} quiet /> <Untrusted text={difference.name} />{' '}
              <span className={styles['quiet']}>
                the agent {silenceWords[difference.told]}
                {!difference.stands && '; it may be no lie'}
              </span>
            </li>
          ))}
        </ul>
      )}
      {differencesCount > differences.length && (
        <p className={styles['quiet']}>… and {count(differencesCount - differences.length)} more.</p>
      )}
    </>
  );
}

function Outcome({ look: { outcome } }: { readonly look: Look }) {
  return <StateMark mark={outcome === null ? lookUnderWay : lookMarks[outcome]} />;
}
