import type { ReactNode } from 'react';
import { terminalSafe } from '../../../../shared/name.ts';
import styles from './untrusted.module.css';

/** More is cut, and says so: a name may have 32,768 characters. */
const shownMax = 4_096;

/**
 * Text that an agent, and so perhaps an attacker, wrote. It is only ever text, and each control, bidirectional or other
 * format character stands as a visible `\u{…}`, so that it can neither hide nor turn around what is beside it.
 */
export function Untrusted({
  text,
  mono = true,
  tabs = false,
  lines = false,
}: {
  readonly text: string;
  readonly mono?: boolean;
  /** Of a line of text a tab is no hidden character. */
  readonly tabs?: boolean;
  /** Of a text of ours around such values neither is a line break. */
  readonly lines?: boolean;
}) {
  const cut = text.length > shownMax;
  return (
    <bdi dir="ltr" className={mono ? styles['mono'] : styles['plain']} translate="no">
      {visible(cut ? text.slice(0, shownMax) : text, `${tabs ? '\t' : ''}${lines ? '\n' : ''}`)}
      {cut && <em> … {text.length - shownMax} more characters</em>}
    </bdi>
  );
}

/** `plainly` are the control characters that are none to be seen here. */
function visible(text: string, plainly: string): ReactNode[] {
  const pieces: ReactNode[] = [];
  let plain = '';
  for (const character of text) {
    const safe = terminalSafe(character);
    if (safe === character || plainly.includes(character)) {
      plain += character;
      continue;
    }
    pieces.push(plain, <HiddenCharacter key={pieces.length} code={safe} />);
    plain = '';
  }
  pieces.push(plain);
  return pieces;
}

function HiddenCharacter({ code }: { readonly code: string }) {
  return (
    <span className={styles['hidden']} title="a character that cannot be seen">
      {code}
    </span>
  );
}
