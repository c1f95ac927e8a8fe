import { useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { followFleet } from '../api/live.ts';
import { useSignal } from '../api/signal.ts';
import { token } from '../api/token.ts';
import { router } from '../routes.tsx';
import { Login } from './login.tsx';

/** Either the login or the console. What one token was shown does not outlive it. */
export function App() {
  const current = useSignal(token);
  const client = useQueryClient();

  useEffect(() => {
    if (current === null) return;
    const stop = followFleet(current, client);
    return () => {
      stop();
      client.clear();
    };
  }, [current, client]);

  return current === null ? <Login /> : <RouterProvider router={router} />;
}
