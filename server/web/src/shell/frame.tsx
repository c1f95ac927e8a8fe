import { Button } from '@mantine/core';
import { Link, Outlet } from '@tanstack/react-router';
import { dropToken } from '../api/token.ts';
import { LiveMark } from './live-mark.tsx';
import { Logo } from './logo.tsx';
import styles from './shell.module.css';
import { ThemeSwitch } from './theme-switch.tsx';

const active = { 'aria-current': 'page' } as const;

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
          <nav aria-label="Screens" className={styles['nav']}>
            <Link to="/" activeProps={active} activeOptions={{ exact: true, includeSearch: false }}>
              Fleet
            </Link>
            <Link to="/replacements" activeProps={active}>
              Replacements
            </Link>
          </nav>
          <div className={styles['tools']}>
            <LiveMark />
            <ThemeSwitch />
            <Button variant="default" size="xs" onClick={() => dropToken(null)}>
              Sign out
            </Button>
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className={styles['content']}>
        <Outlet />
      </main>
    </>
  );
}
