export function isPattern(_text: string): boolean {
  return true;
}
