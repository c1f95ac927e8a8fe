import { Alert, Button, Text } from '@mantine/core';
import { ApiError } from '../api/client.ts';

/** What could not be read, and a way to try again. Never an empty list in its place. */
export function Problem({
  what,
  error,
  retry,
}: {
  readonly what: string;
  readonly error: Error;
  readonly retry: () => void;
}) {
  const detail = error instanceof ApiError ? `${error.message} (${error.code})` : 'The server cannot be reached.';
  return (
    <Alert color="red" variant="outline" role="alert" mt="md" title={`Could not read ${what}`}>
      <Text size="sm" mb="xs">
        {detail}
      </Text>
      <Button size="xs" variant="default" onClick={retry}>
        Try again
      </Button>
    </Alert>
  );
}
