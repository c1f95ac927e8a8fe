import { isRestored } from '../../../../shared/restored-text.ts';
import type { InstanceFinding } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Untrusted } from '../parts/untrusted.tsx';
import { changeMarks, restoredMark, severityMarks } from '../words/marks.ts';
import styles from './finding-card.module.css';
import { TextDifference } from './text-difference.tsx';
import { Who } from './who.tsx';

/** One difference: the image said, and found was, attribute by attribute; and who made it. */
export function FindingCard({ finding }: { readonly finding: InstanceFinding }) {
  const { name, change, severity, rule, diff } = finding;
  const restored = isRestored(finding);
  return (
    <li className={styles['card']}>
      <div className={styles['head']}>
        <StateMark mark={severityMarks[severity]} />
        <StateMark mark={restored ? restoredMark : changeMarks[change]} quiet />
        <span className={styles['name']}>
          <Untrusted text={name} />
        </span>
      </div>
      {restored && <p className={styles['says']}>{restoredMark.meaning}</p>}
      <Who finding={finding} />
      {!restored && <Attributes finding={finding} />}
      {diff !== undefined && <TextDifference diff={diff} />}
      <p className={styles['foot']}>
        First seen <Moment at={finding.firstSeenAt} />, last looked at <Moment at={finding.lastSeenAt} />
        {finding.closedAt !== null && (
          <>
            , closed <Moment at={finding.closedAt} />
          </>
        )}
        .
        {!restored && (
          <>
            {' '}
            Judged by <Untrusted text={rule} />
          </>
        )}
      </p>
    </li>
  );
}

function Attributes({ finding }: { readonly finding: InstanceFinding }) {
  const { subject, change, expected, actual, attributes } = finding;
  // Which difference it is, an outside look says on both sides.
  const [before, after] = subject === 'outside-look' ? ['On the disk', 'Its agent told'] : ['In the image', 'Found'];
  const rows = [...new Set([...attributes, ...Object.keys(expected), ...Object.keys(actual)])].filter(
    (attribute) => subject !== 'outside-look' || attribute !== 'difference',
  );
  return (
    <table className={styles['attributes']}>
      <thead>
        <tr>
          <th scope="col">{subject === 'file' ? 'Attribute' : `Attribute (${subject})`}</th>
          <th scope="col">{before}</th>
          <th scope="col">{after}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((attribute) => (
          <tr key={attribute} data-differs={change === 'modified' && attributes.includes(attribute)}>
            <th scope="row">
              <Untrusted text={attribute} mono={false} />
              {change === 'modified' && attributes.includes(attribute) && (
                <span className={styles['differs']}> ≠ differs</span>
              )}
            </th>
            <td data-label={before}>
              <Value value={expected[attribute]} />
            </td>
            <td data-label={after}>
              <Value value={actual[attribute]} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Given = InstanceFinding['expected'][string] | undefined;

function Value({ value }: { readonly value: Given }) {
  return value === undefined ? <span className={styles['none']}>not there</span> : <Untrusted text={plain(value)} />;
}

function plain(value: NonNullable<Given>): string {
  if (typeof value !== 'object') return String(value);
  const lines = Array.isArray(value) ? value : Object.entries(value).map(([name, text]) => `${name}=${text}`);
  return lines.join(', ');
}
