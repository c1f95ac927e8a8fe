import { Loader } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { followFleet, liveState } from '../api/live.ts';
import { useSignal } from '../api/signal.ts';
import { token } from '../api/token.ts';
import { router } from '../routes.tsx';
import { Login } from './login.tsx';

/** Either the login or the console. What one token was shown does not outlive it. */
export function App() {
  const current = useSignal(token);
  const client = useQueryClient();
  const live = useSignal(liveState);

  useEffect(() => {
    if (current === null) return;
    const stop = followFleet(current, client);
    return () => {
      stop();
      client.clear();
    };
  }, [current, client]);

  if (current === null) return <Login />;
  // Reading begins when the stream is open, or has failed: so no change can fall between what was read and what is told.
  if (live === 'connecting') return <Loader m="xl" type="dots" aria-label="Reading the fleet" role="status" />;
  return <RouterProvider router={router} />;
}
