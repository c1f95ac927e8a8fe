/** What a person decides about an instance, and why; kept with the event that tells it. */
export interface Decision {
  readonly instanceId: string;
  readonly reason: string;
  readonly actor: string;
}
