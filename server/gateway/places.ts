import { neighbourhoodOf } from '../intake/enrolment/peer.ts';

interface Place {
  readonly neighbourhood: string;
  readonly at: number;
}

/** Who is let in and has not proven yet who it is, by where it comes from. */
export interface Places {
  countOf(peer: string): number;
  /** Answers what gives it back, once the peer has proven who it is. */
  take(peer: string): () => void;
}

/**
 * A place that is not given back is taken for `msMax`, also when its peer has gone: whoever fails at once and comes again holds
 * no fewer than whoever says nothing.
 */
export function createPlaces(msMax: number, monotonic: () => number): Places {
  /** The oldest first. */
  const taken = new Set<Place>();
  const counts = new Map<string, number>();

  const give = (place: Place) => {
    if (!taken.delete(place)) return;
    const left = (counts.get(place.neighbourhood) ?? 1) - 1;
    if (left > 0) counts.set(place.neighbourhood, left);
    else counts.delete(place.neighbourhood);
  };
  const giveBackOld = () => {
    for (const place of taken) {
      if (monotonic() - place.at < msMax) return;
      give(place);
    }
  };

  return {
    countOf(peer) {
      giveBackOld();
      return counts.get(neighbourhoodOf(peer)) ?? 0;
    },
    take(peer) {
      const place = { neighbourhood: neighbourhoodOf(peer), at: monotonic() };
      taken.add(place);
      counts.set(place.neighbourhood, (counts.get(place.neighbourhood) ?? 0) + 1);
      return () => give(place);
    },
  };
}
