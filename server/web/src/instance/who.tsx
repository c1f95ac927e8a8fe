import { moreChanges, type Piece, parentPieces, whoPieces } from '../../../../shared/actor-text.ts';
import type { InstanceFinding } from '../api/types.ts';
import { Untrusted } from '../parts/untrusted.tsx';
import { plural } from '../words/numbers.ts';
import styles from './who.module.css';

/** Who changed it, as far as the kernel of the instance told. A help for whoever asks them, and it decided nothing. */
export function Who({ finding }: { readonly finding: InstanceFinding }) {
  const { actors = [], changes = 0 } = finding;
  const more = moreChanges(finding);
  if (actors.length === 0 && changes === 0) return null;
  if (actors.length === 0) {
    return <p className={styles['who']}>Changed {plural(changes, 'time')}. The kernel did not tell by whom.</p>;
  }
  return (
    <div className={styles['who']}>
      {actors.map((actor, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: those who were told never move
        <ActorLines key={at} actor={actor} lead={at === 0 ? 'Changed by' : 'and by'} />
      ))}
      {more > 0 && <p>and {plural(more, 'more change')}.</p>}
    </div>
  );
}

type Actor = NonNullable<InstanceFinding['actors']>[number];

function ActorLines({ actor, lead }: { readonly actor: Actor; readonly lead: string }) {
  const { command, program, parents } = actor;
  return (
    <>
      <p>
        {lead} <Pieces pieces={whoPieces(actor)} />
      </p>
      {command !== null && command !== program && (
        <p className={styles['detail']}>
          Command <Untrusted text={command} />
        </p>
      )}
      {parents.length > 0 && (
        <p className={styles['detail']}>
          Started by <Pieces pieces={parentPieces(actor)} />
        </p>
      )}
    </>
  );
}

function Pieces({ pieces }: { readonly pieces: readonly Piece[] }) {
  return pieces.map(({ text, isTold }, at) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a sentence never move
    isTold ? <Untrusted key={at} text={text} /> : <span key={at}>{text}</span>,
  );
}
