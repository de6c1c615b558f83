/** What a stack is tuned for. docs/performance.md has the figures. */
export const profiles = ["balanced", "latency", "throughput"] as const;
export type Profile = (typeof profiles)[number];

/** The settings that trade one thing for another. */
export interface ProfileSettings {
  /** Milliseconds between two scans of the queue: fewer mean a shorter wait, and more processor time at rest. */
  tick: number;
  /** Steps whose results the SDK sends together: more mean fewer calls, and more steps to run again when a worker dies. */
  checkpointSteps: number;
}

/** A tick below 25 ms keeps an idle server noticeably busy (docs/performance.md). */
export const profileSettings: Record<Profile, ProfileSettings> = {
  balanced: { tick: 25, checkpointSteps: 1 },
  latency: { tick: 5, checkpointSteps: 1 },
  throughput: { tick: 25, checkpointSteps: 10 },
};
