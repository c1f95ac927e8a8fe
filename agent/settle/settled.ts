/** What a machine says of its boot. */
export interface BootFacts {
  /** Of the kernel's boot; null where /proc does not say. */
  readonly kernelBoot: string | null;
  /** Since the kernel booted, by its own clock: nobody can set that one. */
  readonly uptimeMs: number;
  /** That clock when this system began, a machine or a container on it: the start of its first process. */
  readonly bornMs: number;
  readonly cloudInit: 'absent' | 'running' | 'done';
}

export type SettledBy = (typeof settledBy)[number];
/** `late`: cloud-init is there and has not said that it is done. */
export const settledBy = ['cloud-init', 'time', 'late'] as const;

export const bootSettleMs = 600_000;
/** A cloud-init that hangs must not leave host keys free for ever. */
export const cloudInitMsMax = 3_600_000;

/**
 * Whether boot has settled by now, and by what. `first` is what the agent met at its first start on this root. A root that
 * is not the live one was not booted: its time runs from there.
 */
export function decideSettled(
  now: BootFacts,
  { first, isLive }: { readonly first: Pick<BootFacts, 'kernelBoot' | 'uptimeMs'>; readonly isLive: boolean },
): SettledBy | undefined {
  if (now.cloudInit === 'done') return 'cloud-init';
  const isSameBoot = now.kernelBoot === first.kernelBoot && now.uptimeMs >= first.uptimeMs;
  // After a boot of the machine beneath, the time before it is not known: it is counted anew.
  const beganMs = isLive ? now.bornMs : isSameBoot ? first.uptimeMs : 0;
  const elapsedMs = now.uptimeMs - beganMs;
  if (now.cloudInit === 'absent') return elapsedMs >= bootSettleMs ? 'time' : undefined;
  return elapsedMs >= cloudInitMsMax ? 'late' : undefined;
}
