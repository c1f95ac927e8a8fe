import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** `styleText` looks at the stream and at NO_COLOR by itself. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
