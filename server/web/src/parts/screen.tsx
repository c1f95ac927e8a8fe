import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './screen.module.css';

/** What every screen of a list begins with: its name, what it is for in a sentence, and what can be done at large. */
export function ScreenHead({
  title,
  children,
  acts,
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly acts?: ReactNode;
}) {
  return (
    <>
      <title>{`${title} · Pristine`}</title>
      <div className={styles['head']}>
        <Title order={1} size="h2">
          {title}
        </Title>
        {acts}
      </div>
      <p className={styles['lead']}>{children}</p>
    </>
  );
}
