import type { ExitCode } from '../../shared/errors.ts';

/** Leaves the process with the code that a command ends by. */
export type End = (code: Promise<ExitCode>) => Promise<void>;

/** Where things live on an instance; spelled out here so that no command waits for schemas it may not need. */
export const manifestDir = '/usr/lib/pristine/manifest';
export const componentsDir = '/usr/lib/pristine/components';
export const pubFile = '/etc/pristine/trusted.pub';
export const configFile = '/etc/pristine/agent.yaml';
