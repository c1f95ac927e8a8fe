import { Alert, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { findingsQuery, replacementQuery } from '../api/queries.ts';
import type { Replacement } from '../api/types.ts';
import { Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { RelabelSentence } from '../parts/relabel.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { changeMarks, replacementMarks, severityMarks } from '../words/marks.ts';
import { Cause } from './cause.tsx';
import { Intervene } from './intervene.tsx';
import { Proof } from './proof.tsx';
import styles from './replacements.module.css';
import { Steps } from './steps.tsx';

const route = getRouteApi('/replacements/$id');

/** One replacement: how far it is, why it is, and the proof that the new instance was measured clean. */
export function ReplacementPage() {
  const { id } = route.useParams();
  const replacement = useQuery(replacementQuery(id));
  return (
    <>
      <p className={styles['crumbs']}>
        <Link to="/replacements">Replacements</Link> / replacement
      </p>
      <Reading what="the replacement" query={replacement}>
        {(data) => <Screen replacement={data} />}
      </Reading>
    </>
  );
}

function Screen({ replacement }: { readonly replacement: Replacement }) {
  const { state, error, target } = replacement;
  return (
    <>
      <title>{`${replacement.oldProviderId} · replacement · Pristine`}</title>
      <Title order={1} size="h2" className={styles['heading']}>
        <Untrusted text={replacement.oldProviderId} mono={false} /> →{' '}
        <Untrusted text={replacement.newProviderId ?? 'not launched yet'} mono={false} />
      </Title>
      <p className={styles['lead']}>
        <StateMark mark={replacementMarks[state]} /> {replacementMarks[state].meaning}
      </p>
      {error !== null && (
        <Alert
          color="red"
          variant="outline"
          role="alert"
          mt="sm"
          icon={<Icon name="alert" />}
          title={`It is ${replacementMarks[state].word}`}
        >
          <Untrusted text={error} mono={false} />
        </Alert>
      )}
      <Intervene replacement={replacement} />
      <Panel title="Steps">
        <Steps replacement={replacement} />
      </Panel>
      <Panel title="Cause">
        <CauseInFull replacement={replacement} />
      </Panel>
      {replacement.proof !== null && <Proof envelope={replacement.proof} name={`proof-${replacement.id}.dsse.json`} />}
      <Panel title="Who and what">
        <Facts
          rows={[
            [
              'Old instance',
              <InstanceLink key="old" id={replacement.oldInstanceId} providerId={replacement.oldProviderId} />,
            ],
            [
              'New instance',
              replacement.newInstanceId === null ? (
                (replacement.newProviderId ?? 'none yet')
              ) : (
                <InstanceLink key="new" id={replacement.newInstanceId} providerId={replacement.newProviderId} />
              ),
            ],
            [
              'Group',
              <Link key="group" to="/" search={{ group: replacement.group }}>
                {replacement.group}
              </Link>,
            ],
            ['Policy', `${replacement.policy}, version ${replacement.policyVersion}`],
            ['Target image', `${target.name}@${target.version}`],
            ['Image digest', <code key="digest">{target.digest}</code>],
            [
              'Launched',
              replacement.launchedAt === null ? 'not yet' : <Moment key="launched" at={replacement.launchedAt} />,
            ],
            ['Replacement', <code key="id">{replacement.id}</code>],
          ]}
        />
      </Panel>
    </>
  );
}

/** The findings by their fingerprints, as the old instance had them. */
function CauseInFull({ replacement }: { readonly replacement: Replacement }) {
  const { cause } = replacement;
  const findings = useQuery({ ...findingsQuery(replacement.oldInstanceId), enabled: cause.trigger === 'drift' });
  const wanted: readonly string[] = cause.trigger === 'drift' ? cause.fingerprints : [];
  const known = (findings.data?.items ?? []).filter(({ fingerprint }) => wanted.includes(fingerprint));
  const relabelled = Object.groupBy(findings.data?.items ?? [], ({ beneath }) => beneath ?? '');
  return (
    <>
      <p className={styles['lead']}>
        <Cause cause={cause} />
      </p>
      <ul className={styles['waiting']}>
        {known.map(({ fingerprint, name, change, severity, attributes, firstSeenAt }) => (
          <li key={fingerprint}>
            <StateMark mark={severityMarks[severity]} /> <StateMark mark={changeMarks[change]} quiet />{' '}
            <Untrusted text={name} />{' '}
            <span className={styles['quiet']}>
              {change === 'modified' && `${attributes.join(', ')}; `}first seen <Moment at={firstSeenAt} />
            </span>
          </li>
        ))}
        {wanted.map((fingerprint) => {
          const [first, ...others] = relabelled[fingerprint] ?? [];
          return (
            first !== undefined && (
              <li key={fingerprint}>
                <StateMark mark={changeMarks[first.change]} quiet />
                <RelabelSentence attributes={first.attributes} files={others.length + 1} />
              </li>
            )
          );
        })}
      </ul>
    </>
  );
}
