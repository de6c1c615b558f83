/** Oldest supported server: the first with `GET /v2/apps`, which registration needs (docs/measurements.md#oldest-server). */
export const oldestServer = "1.40.0";

/** Whether a version such as `v3.259.0` is `wanted` or newer. */
export function atLeast(version: string, wanted: string): boolean {
  const numbers = (text: string) => (/(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [have, want] = [numbers(version), numbers(wanted)];
  const different = want.findIndex((number, index) => number !== have[index]);
  return have.length === 3 && (different === -1 || (have[different] as number) > (want[different] as number));
}
