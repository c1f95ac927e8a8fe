/** One message of an event stream (WHATWG HTML §9.2.6). `id` is the last one seen so far, as the standard keeps it. */
export interface SseMessage {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** A line longer than this is no event of ours; the stream is given up and opened again. */
const lineCharactersMax = 1_048_576;

/**
 * Reads an event stream from a fetch body, because EventSource cannot send an Authorization header.
 * A message that is cut off by the end of the stream is dropped, as the standard asks. `onBytes` is told of every
 * arrival, comments included, so that the caller can notice a connection that died without a word.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncGenerator<SseMessage> {
  let id = '';
  let event = '';
  let data: string[] = [];
  for await (const line of linesOf(body, onBytes)) {
    if (line === '') {
      if (data.length > 0) yield { id, event: event || 'message', data: data.join('\n') };
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>, onBytes: () => void): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      rest += decoder.decode(value, { stream: true });
      // A lone \r at the very end may be the first half of \r\n: it waits for what follows.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      if (rest.length > lineCharactersMax) throw new Error(`a line of more than ${lineCharactersMax} characters`);
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
