import { CodedError } from '../../shared/errors.ts';

/** Ids are UUIDs of version 7; machines of others are called by those of other versions (RFC 9562 §4.2). */
const whole = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Less than that is a slip of the finger. */
const partMin = 4;
const namedMax = 4;

/** Something that has an id, and what else people call it. */
export interface Called {
  readonly id: string;
  readonly name?: string | null;
  /** Is no more: who says the name means another, where there is one. */
  readonly isPast?: boolean;
}

/**
 * The id of what somebody means by its id, a beginning or an end of that, its name, or either as a narrow terminal cuts it
 * (`01a2…ce1b7`). What nothing is called stays as it is: the server says so. Errors: USAGE where several are called so.
 */
export async function wantedId(wanted: string, noun: string, all: () => Promise<readonly Called[]>): Promise<string> {
  if (whole.test(wanted)) return wanted;
  const found = (await all()).filter((one) => isCalled(wanted, one));
  const present = found.filter(({ isPast }) => isPast !== true);
  if (present.length === 1) return present[0]?.id ?? wanted;
  if (found.length > 1) {
    const named = found.slice(0, namedMax).map(({ id }) => id);
    const more = found.length > namedMax ? `, and ${found.length - namedMax} more` : '';
    throw new CodedError('USAGE', `${found.length} ${noun}s are called ${wanted}: ${named.join(', ')}${more}`);
  }
  return found[0]?.id ?? wanted;
}

function isCalled(wanted: string, { id, name }: Called): boolean {
  if (wanted === name) return true;
  if (wanted.length < partMin) return false;
  const [head = '', tail] = wanted.split('…');
  if (tail === undefined) return id.startsWith(wanted) || id.endsWith(wanted);
  return [id, name ?? ''].some((text) => text.startsWith(head) && text.endsWith(tail));
}
