/** How this worker and the server reach each other. */
export interface Transport {
  readonly name: "serve" | "connect";
  /** Whether the server knows the functions and can reach them, as far as this side can tell. */
  readonly registered: boolean;
  /** Starts taking work. To be called once, when everything that the functions need is available. */
  start(): void;
  /** Takes no more work; resolves when the running steps have finished. */
  stop(): Promise<void>;
}
