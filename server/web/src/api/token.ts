import { createSignal } from './signal.ts';

const storageKey = 'pristine.token';

/**
 * The access token, for as long as the tab lives. sessionStorage and not a cookie: it is sent only where this code sends it,
 * so no other page can make the browser act with it.
 */
export const token = createSignal<string | null>(null);

/** Why the login page is shown again. */
export const refusal = createSignal<string | null>(null);

/**
 * Takes the token of `#token=…` once, so that a printed link can open the console, and removes it from the address, so
 * that it stays out of history and copied links. (A fragment is never sent to the server.)
 */
export function restoreToken(): void {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get('token');
  if (given !== null) {
    history.replaceState(history.state, '', location.pathname + location.search);
    keepToken(given);
    return;
  }
  token.set(sessionStorage.getItem(storageKey));
}

export function keepToken(value: string): void {
  sessionStorage.setItem(storageKey, value);
  refusal.set(null);
  token.set(value);
}

export function dropToken(why: string | null): void {
  sessionStorage.removeItem(storageKey);
  refusal.set(why);
  token.set(null);
}
