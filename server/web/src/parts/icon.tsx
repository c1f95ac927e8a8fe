/** The console's own symbols, 16 by 16, drawn in the colour of their text. Each state has a shape of its own. */
const shapes = {
  check: 'M3 8.5l3.2 3.2L13 4.8',
  differs: 'M3 6h10M3 10h10M10.5 3l-5 10',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.6M8 12.6v.2',
  dot: 'M8 5.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 1 1 0-5z',
  silent: 'M3 3l10 10M5 9V7a3 3 0 0 1 5-2.2M11 7v1.5',
  absent:
    'M8 3a5 5 0 0 1 2 .4M12.2 5.2a5 5 0 0 1 .8 3M12.2 11a5 5 0 0 1-2.4 1.8M6.5 12.8A5 5 0 0 1 3.6 10.4M3 7.6A5 5 0 0 1 5.2 3.9',
  older: 'M8 13V4M4 7.5L8 3.5l4 4',
  clock: 'M8 3a5 5 0 1 1 0 10a5 5 0 1 1 0-10zM8 5.5V8l2 1.5',
  cycle: 'M12.8 7A5 5 0 0 0 4 4.8L3 6M3 3v3h3M3.2 9A5 5 0 0 0 12 11.2L13 10M13 13v-3h-3',
  box: 'M3 3h10v10H3zM6 6l4 4M10 6l-4 4',
  gone: 'M3.5 8h9',
  plus: 'M8 3.5v9M3.5 8h9',
  stain: 'M8 2.5c2.5 3.2 3.8 5 3.8 6.8a3.8 3.8 0 0 1-7.6 0C4.2 7.5 5.5 5.7 8 2.5z',
  alert: 'M8 2.5l6 11H2zM8 6.5v3M8 11.5v.2',
  hand: 'M5 3h6M5 13h6M6 3v3l2 2l2-2V3M6 13v-3l2-2l2 2v3',
  back: 'M6 4L3 7l3 3M3 7h6a3.5 3.5 0 0 1 0 7H7',
  sun: 'M8 5.3a2.7 2.7 0 1 1 0 5.4a2.7 2.7 0 1 1 0-5.4zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M12.5 9.8A5.2 5.2 0 1 1 6.2 3.5a4.2 4.2 0 0 0 6.3 6.3z',
  screen: 'M2.5 3.5h11v7.5h-11zM6 13.5h4',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      width="1em"
      height="1em"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={shapes[name]} fill={name === 'dot' || name === 'stain' ? 'currentColor' : 'none'} />
    </svg>
  );
}
