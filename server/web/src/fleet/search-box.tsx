import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

const route = getRouteApi('/');
const typingPauseMs = 200;

/** Free text over names, ids, labels and facts; it reaches the address when the typing pauses. */
export function SearchBox() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [text, setText] = useState(search.q ?? '');
  const apply = useDebouncedCallback((q: string) => {
    void navigate({
      search: (now) => ({ ...now, q: q === '' ? undefined : q }) as typeof now,
      replace: true,
      resetScroll: false,
    });
  }, typingPauseMs);

  // Going back, or "Show all", changes the address and not the box.
  useEffect(() => setText(search.q ?? ''), [search.q]);

  const change = (q: string) => {
    setText(q);
    apply(q);
  };
  return (
    <TextInput
      type="search"
      size="sm"
      w="min(20rem, 100%)"
      aria-label="Search by name, id, group, image, label or fact"
      placeholder="Name, id, image, label, fact"
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      rightSection={
        text === '' ? null : <CloseButton size="sm" aria-label="Clear the search" onClick={() => change('')} />
      }
    />
  );
}
