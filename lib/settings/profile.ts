/** What a stack is tuned for; docs/performance.md has the figures behind each. */
export const profiles = ["balanced", "latency", "throughput"] as const;
export type Profile = (typeof profiles)[number];

/** The settings that trade one thing for another. */
export interface ProfileSettings {
  /** Milliseconds between two scans of the queue: a shorter wait on an idle server, and more processor time at rest. */
  tick: number;
  /** Steps whose results the SDK sends together: fewer calls, and that many steps run again when a worker dies. */
  checkpointSteps: number;
}

/** A scan every 20 ms kept an idle server of the process tier 4 to 6 % busy on a slow day (1.43.0, bench `latency`). */
export const profileSettings: Record<Profile, ProfileSettings> = {
  balanced: { tick: 25, checkpointSteps: 1 },
  latency: { tick: 5, checkpointSteps: 1 },
  throughput: { tick: 25, checkpointSteps: 10 },
};
