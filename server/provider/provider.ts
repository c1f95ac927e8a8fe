import type { Group } from '../../shared/policy.ts';

/**
 * Who can list, launch, drain and terminate the instances of a group. Every call may be repeated with the same key and
 * has its effect once; every call may fail after its effect, so after a doubt the caller lists and looks.
 * All implementations pass `test/contract/provider.ts`.
 */
export interface Provider {
  /** Every machine of the group that the provider has or is making, whoever asked for it. Machines that are gone are not listed. */
  list(group: Group): Promise<readonly Machine[]>;
  /**
   * What a launch would start at this moment; nothing is started, and nothing else is changed. `image` is the one that Pristine
   * would name; null where the provider's own template decides (`imageSource: provider`), which is then what is answered.
   * Errors: CONFIG where it would start nothing.
   */
  preflight(group: Group, image: string | null): Promise<Preflight>;
  /**
   * Starts one machine, or finds the one that this key already started. Errors: CONFIG for what no retry mends; CONFLICT where
   * the template decides, and launches another image by now; IO.
   */
  launch(request: LaunchRequest): Promise<Machine>;
  /**
   * Takes the machine out of service, and marks it with the key. Resolves when drained; draining what is drained or gone is
   * done, and leaves the mark of whoever was first. Errors: TIMEOUT after `timeoutMs`.
   */
  drain(group: Group, providerId: string, by: { readonly key: string; readonly timeoutMs: number }): Promise<void>;
  /** Puts a machine that was drained with this key back into service. Restoring any other is done. */
  restore(group: Group, providerId: string, key: string): Promise<void>;
  /**
   * Ends the machine and frees what it held. Terminating what is gone is done. One that is isolated is evidence: it is ended
   * only for whoever knows the key that it is isolated with, so that no call that comes late can end it. Errors: CONFLICT.
   */
  terminate(group: Group, providerId: string, isolatedBy?: string): Promise<void>;
  /**
   * Cuts the machine off, in service or drained, and marks it with the key: nothing in it runs on, nobody reaches it, and its
   * disk stays as it is. There is no way back into service. Isolating what is isolated or gone is done, and leaves the mark of
   * whoever was first.
   */
  isolate(group: Group, providerId: string, key: string): Promise<void>;
  /**
   * Keeps a copy of what was changed on the machine's disk, under the key, until it is dropped: also when the machine has gone.
   * The same key is the same copy. Errors: NOT_FOUND for a machine that is gone, IO.
   */
  keepSnapshot(group: Group, providerId: string, key: string): Promise<KeptSnapshot>;
  /** Dropping what is dropped is done. */
  dropSnapshot(group: Group, snapshotId: string): Promise<void>;
  /** Those of the group that are kept. */
  listSnapshots(group: Group): Promise<readonly KeptSnapshot[]>;
  /**
   * The machine's disk for reading, as it lies there and not as the machine's own kernel shows it: what is mounted over it
   * inside the machine is not in it. Nothing is written to it, and it stays until it is disposed of. Errors: NOT_FOUND for a
   * machine that is gone, IO, NOT_BUILT_YET where a provider cannot.
   */
  snapshot(group: Group, providerId: string): Promise<DiskSnapshot>;
  /** Sweeps what dead owners left behind, once at the start of the server. */
  recover(group: Group): Promise<void>;
}

export interface Machine {
  readonly providerId: string;
  /** The key it was launched with; null for machines that are not ours. */
  readonly launchKey: string | null;
  readonly state: 'starting' | 'running' | 'draining' | 'isolated' | 'stopped';
  /** The key it was drained or isolated with; null for what is in service, or was taken out of it by somebody else. */
  readonly drainedBy: string | null;
  /** Where it is, as the provider calls it; null or left out where that is not known. */
  readonly zone?: string | null;
  /** The provider itself says that the machine does not work as it should. */
  readonly isImpaired?: boolean;
}

/** What a launch would start. */
export interface Preflight {
  /** NAME@VERSION. */
  readonly image: string;
  /** The digest of its manifest's statement; left out where the provider does not know it. */
  readonly digest?: string;
}

/** A copy of a disk that is kept as evidence. */
export interface KeptSnapshot {
  readonly snapshotId: string;
  /** What it is kept under. */
  readonly key: string;
  readonly providerId: string;
  /** Where a person finds it: a path, or what a cloud calls it. */
  readonly where: string;
}

/** A directory with the whole of a disk: a live view, or a copy of one moment, which a cloud gives. */
export interface DiskSnapshot {
  /** What `pristine verify --root` takes. */
  readonly root: string;
  /** Frees what it held; twice is as good as once. The machine goes on as before. */
  dispose(): Promise<void>;
}

export interface LaunchRequest {
  readonly group: Group;
  /** NAME@VERSION: where the provider's template decides, what it is expected to launch. */
  readonly image: string;
  /** Idempotency key, and what ties the machine's agent to its replacement. */
  readonly key: string;
  /** Where the agent connects, `ws://…`. */
  readonly serverUrl: string;
  /** Single-use; carries group, image, labels and the launch key. */
  readonly joinToken: string;
}

/** The provider of a group, by its spec. */
export type Providers = (group: Group) => Provider;
