/** Oldest supported server: the first with `GET /v2/apps`, which registration needs (docs/measurements.md#oldest-server). */
export const oldestServer = "1.40.0";

/**
 * Oldest Redis for a queue. The server's own commands need 6.2 (ZMSCORE, GETDEL), and what runs its scripts knows EVAL_RO
 * of 7.0 (pkg/execution/state/redis_state/cluster.go); every Valkey has them.
 */
export const oldestQueue = "7.0.0";

/** Whether a version such as `v3.259.0` is `wanted` or newer. */
export function atLeast(version: string, wanted: string): boolean {
  const numbers = (text: string) => (/(\d+)\.(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const [have, want] = [numbers(version), numbers(wanted)];
  const different = want.findIndex((number, index) => number !== have[index]);
  return have.length === 3 && (different === -1 || (have[different] as number) > (want[different] as number));
}
