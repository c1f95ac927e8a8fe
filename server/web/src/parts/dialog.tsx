import { type ReactNode, useEffect, useId, useRef } from 'react';
import styles from './dialog.module.css';

/**
 * Asks before something is done. The browser's own modal dialog: it keeps the focus inside, closes with Escape, and gives
 * the focus back to what opened it.
 */
export function Dialog({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: (close: () => void) => ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    // Closing it is what gives the focus back, and tells that it may go: so it is never closed by being taken away.
    if (shown?.open === false) shown.showModal();
  }, []);
  return (
    <dialog ref={dialog} className={styles['dialog']} aria-labelledby={id} onClose={onClose}>
      <h2 id={id} className={styles['title']}>
        {title}
      </h2>
      {children(() => dialog.current?.close())}
    </dialog>
  );
}
