import { Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';

export function NotFound() {
  return (
    <>
      <Title order={1} size="h2">
        There is no such page
      </Title>
      <Text mt="sm">
        Go to <Link to="/">the fleet</Link>.
      </Text>
    </>
  );
}
