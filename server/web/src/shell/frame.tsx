import { Button } from '@mantine/core';
import { Link, Outlet } from '@tanstack/react-router';
import { dropToken } from '../api/token.ts';
import { StopBanner } from '../holds/stop-banner.tsx';
import { StopEverything } from '../holds/stop-everything.tsx';
import { CallerMark } from './caller-mark.tsx';
import { LiveMark } from './live-mark.tsx';
import { Logo } from './logo.tsx';
import { ScreensNav } from './screens-nav.tsx';
import styles from './shell.module.css';
import { ThemeSwitch } from './theme-switch.tsx';

/** What stands around every screen. */
export function Frame() {
  return (
    <>
      <a href="#content" className={styles['skip']}>
        Skip to the content
      </a>
      <header className={styles['header']}>
        <div className={styles['bar']}>
          <Link to="/" className={styles['home']} aria-label="Pristine: the fleet">
            <Logo />
          </Link>
          <div className={styles['tools']}>
            <LiveMark />
            <StopEverything />
            <CallerMark />
            <ThemeSwitch />
            <Button variant="default" size="xs" onClick={() => dropToken(null)}>
              Sign out
            </Button>
          </div>
          <ScreensNav />
        </div>
      </header>
      <main id="content" tabIndex={-1} className={styles['content']}>
        <StopBanner />
        <Outlet />
      </main>
    </>
  );
}
