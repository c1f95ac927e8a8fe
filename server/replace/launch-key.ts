/** What a replacement's new machine is launched with, and how its instance is recognised, whichever way it enrols. */
export function launchKeyOf(replacementId: string): string {
  return `r-${replacementId}`;
}

/** The replacement that a machine was launched for; undefined for any other machine. */
export function replacementOfKey(launchKey: string | null): string | undefined {
  return launchKey?.startsWith('r-') ? launchKey.slice(2) : undefined;
}
