/**
 * The oldest server that this project works with: the first that lists its apps (`GET /v2/apps`), by which registrations
 * are checked. Older ones have no list of runs either (1.38.0), nor of an app's functions (1.27.1).
 */
export const oldestServer = "1.40.0";

/** Compares `v3.259.0`-like versions. */
export function atLeast(version: string, wanted: string): boolean {
  const numbers = (text: string) => (/(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [have, want] = [numbers(version), numbers(wanted)];
  const different = want.findIndex((number, index) => number !== have[index]);
  return have.length === 3 && (different === -1 || (have[different] as number) > (want[different] as number));
}
