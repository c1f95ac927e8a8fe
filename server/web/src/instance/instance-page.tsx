import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { doubtAdvice, doubtWords } from '../../../../shared/doubt-text.ts';
import { findingsQuery, instanceQuery, looksQuery, replacementsQuery } from '../api/queries.ts';
import type { Instance, Replacement } from '../api/types.ts';
import { HoldInstance } from '../holds/hold-instance.tsx';
import { KeepInstance } from '../kept/keep-instance.tsx';
import { Acts } from '../parts/act.tsx';
import { useNow } from '../parts/clock.ts';
import { Facts } from '../parts/facts.tsx';
import { InstanceLink } from '../parts/instance-link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Panel } from '../parts/panel.tsx';
import { Reading } from '../parts/reading.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import {
  contentMarks,
  currencyMarks,
  lifecycleMarks,
  livenessMarks,
  replacementMarks,
  taintMark,
} from '../words/marks.ts';
import { verdictOf } from '../words/verdict.ts';
import { Evidence } from './evidence.tsx';
import { FindingList } from './finding-list.tsx';
import styles from './instance.module.css';
import { Looks } from './looks.tsx';
import { NotReplaced } from './not-replaced.tsx';

const route = getRouteApi('/instances/$id');

const enrolmentWords: Readonly<Record<Instance['enrolledBy'], string>> = {
  token: 'join token',
  aws: 'AWS identity document',
  kubernetes: 'Kubernetes token',
};

/** One instance: the verdict and what it rests on, then what differs. */
export function InstancePage() {
  const { id } = route.useParams();
  const instance = useQuery(instanceQuery(id));
  return (
    <>
      <p className={styles['crumbs']}>
        <Link to="/">Fleet</Link> / instance
      </p>
      <Reading what="the instance" query={instance}>
        {(data) => <Screen instance={data} />}
      </Reading>
    </>
  );
}

function Screen({ instance }: { readonly instance: Instance }) {
  const findings = useQuery(findingsQuery(instance.id));
  const looks = useQuery(looksQuery(instance.id));
  const replacements = useQuery(replacementsQuery);
  return (
    <>
      <title>{`${instance.providerId ?? instance.id} · Pristine`}</title>
      <Title order={1} size="h2" className={styles['heading']}>
        <Untrusted text={instance.providerId ?? instance.id} mono={false} />
      </Title>
      <div className={styles['states']}>
        {instance.lifecycle !== 'retired' && <StateMark mark={livenessMarks[instance.liveness]} />}
        <StateMark mark={currencyMarks[instance.currency]} />
        <StateMark mark={lifecycleMarks[instance.lifecycle]} />
        {instance.taint !== null && <StateMark mark={taintMark(instance.taint.severity)} />}
      </div>
      {instance.lifecycle === 'active' && (
        <Acts>
          <HoldInstance id={instance.id} />
          <KeepInstance id={instance.id} />
        </Acts>
      )}
      <Verdict instance={instance} />
      <Reading what="the replacements" query={replacements}>
        {({ items }) => <ItsReplacements instance={instance} all={items} />}
      </Reading>
      <Reading what="the findings" query={findings}>
        {({ items, cut }) => <FindingList findings={items} cut={cut} />}
      </Reading>
      <Reading what="the outside looks" query={looks}>
        {({ items }) => <Looks looks={items} />}
      </Reading>
      {instance.evidence !== null && <Evidence evidence={instance.evidence} />}
      <Identity instance={instance} />
    </>
  );
}

function Verdict({ instance }: { readonly instance: Instance }) {
  const mark = contentMarks[instance.content];
  const { says, because } = verdictOf(instance, useNow());
  return (
    <section className={styles['verdict']} data-tone={mark.tone} aria-label="Verdict">
      <StateMark mark={mark} />
      <p className={styles['says']}>{says}</p>
      <p className={styles['basis']}>{because}</p>
      {instance.doubts.map(({ kind, since }) => (
        <p key={kind} className={styles['basis']}>
          In doubt since <Moment at={since} />: {doubtWords[kind]}. With <code>pristinectl instances</code>:{' '}
          {doubtAdvice[kind].replaceAll('`', '')}.
        </p>
      ))}
      {instance.taint !== null && (
        <p className={styles['basis']}>
          It drifted <Moment at={instance.taint.since} /> and is tainted {instance.taint.severity}: it stays so until it
          is replaced or the drift is pardoned, even if the change was reverted.
        </p>
      )}
    </section>
  );
}

function ItsReplacements({ instance, all }: { readonly instance: Instance; readonly all: readonly Replacement[] }) {
  const asOld = all.filter(({ oldInstanceId }) => oldInstanceId === instance.id);
  const asNew = all.filter(({ newInstanceId }) => newInstanceId === instance.id);
  if (asOld.length + asNew.length === 0) return <NotReplaced instance={instance} />;
  return (
    <Panel title="Replacement">
      <ul className={styles['plainList']}>
        {asOld.map((replacement) => (
          <li key={replacement.id}>
            <ReplacementMark replacement={replacement} /> This instance{' '}
            {replacement.state === 'succeeded' ? 'was' : 'is being'} replaced by{' '}
            {replacement.newInstanceId === null ? (
              <span>{replacement.newProviderId ?? 'one that is not launched yet'}</span>
            ) : (
              <InstanceLink id={replacement.newInstanceId} providerId={replacement.newProviderId} />
            )}
          </li>
        ))}
        {asNew.map((replacement) => (
          <li key={replacement.id}>
            <ReplacementMark replacement={replacement} /> This instance replaces{' '}
            <InstanceLink id={replacement.oldInstanceId} providerId={replacement.oldProviderId} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function ReplacementMark({ replacement }: { readonly replacement: Replacement }) {
  return (
    <Link to="/replacements/$id" params={{ id: replacement.id }} aria-label={`Its replacement, ${replacement.state}`}>
      <StateMark mark={replacementMarks[replacement.state]} />
    </Link>
  );
}

function Identity({ instance }: { readonly instance: Instance }) {
  const { image, imageDigest, labels, facts } = instance;
  return (
    <Panel title="Identity and facts">
      <Facts
        rows={[
          ['Instance', <code key="id">{instance.id}</code>],
          [
            'Group',
            <Link key="group" to="/" search={{ group: instance.group }}>
              {instance.group}
            </Link>,
          ],
          ['Image', image === null ? 'not a pushed one' : `${image.name}@${image.version}`],
          ['Image digest', <code key="digest">{imageDigest}</code>],
          ['Agent’s key', <code key="key">{instance.key}</code>],
          [
            'Enrolled',
            <span key="enrolled">
              <Moment at={instance.enrolledAt} /> by {enrolmentWords[instance.enrolledBy]}{' '}
              {instance.enrolledWith !== null && <Untrusted text={instance.enrolledWith} />}
            </span>,
          ],
          ...(instance.startedFrom === null
            ? []
            : [['Started from', <Untrusted key="from" text={instance.startedFrom} />] as const]),
          ['Last heard', <Moment key="heard" at={instance.lastSeenAt} />],
          ...Object.entries(labels).map(
            ([name, value]) =>
              [
                <span key={name}>
                  Label <Untrusted text={name} />
                </span>,
                <Untrusted key={name} text={value} />,
              ] as const,
          ),
          ...Object.entries(facts).map(
            ([name, value]) =>
              [<Untrusted key={name} text={name} mono={false} />, <Untrusted key={name} text={value} />] as const,
          ),
        ]}
      />
      <p className={styles['note']}>Facts are what the agent said at its start. They decide nothing.</p>
    </Panel>
  );
}
