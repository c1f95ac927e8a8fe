import { Alert, Button, Code, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { type FormEvent, useId, useState } from 'react';
import { ApiError, tokenWorks } from '../api/client.ts';
import { useSignal } from '../api/signal.ts';
import { keepToken, refusal } from '../api/token.ts';
import { Logo } from './logo.tsx';
import styles from './shell.module.css';

/** Asks for a token and says where one is. */
export function Login() {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const refused = useSignal(refusal);
  const hint = useId();

  async function submit(event: FormEvent) {
    event.preventDefault();
    const given = text.trim();
    if (given === '') return setProblem('Enter the token first.');
    setBusy(true);
    setProblem(null);
    try {
      if (await tokenWorks(given)) keepToken(given);
      else setProblem('The server does not accept this token.');
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : 'The server cannot be reached.');
    } finally {
      setBusy(false);
    }
  }

  const shown = problem ?? refused;
  return (
    <main className={styles['login']}>
      <Paper component="form" withBorder p="xl" onSubmit={submit} className={styles['loginCard']} noValidate>
        <Stack gap="md">
          <Logo />
          <Title order={1} size="h3">
            Sign in
          </Title>
          <PasswordInput
            label="Access token"
            autoComplete="current-password"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            aria-describedby={hint}
            autoFocus
          />
          <Text size="sm" id={hint} className={styles['hint']}>
            One that an admin made for you (<Code>pristinectl access-tokens create</Code>), or, on the server’s machine,
            that of <Code>DATA/admin.token</Code>. It is kept for this tab only.
          </Text>
          {shown !== null && <Alert color="red" variant="outline" role="alert" title={shown} />}
          <Button type="submit" loading={busy}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </main>
  );
}
