import type { Logger } from 'pino';

/** Static message, values as fields. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error'>;
