import type { InngestFunction } from "inngest";
import { register } from "../server/registration.ts";
import { reconnect } from "./connect.ts";

/** How this worker and the server find each other. */
export interface Transport {
  readonly name: "serve" | "connect";
  /** Whether the server knows the functions and can reach them, as far as this side can tell. */
  readonly registered: boolean;
  /** Begins to take work. Call it once, when everything that the work needs is there. */
  start(): void;
  /** Takes no more work; resolves when the running steps have ended. */
  stop(): Promise<void>;
}

/** Tells the server about the functions again, in the way of the transport that is in use. */
export async function reregister(functions: InngestFunction.Any[]): Promise<void> {
  if (!(await reconnect())) await register(functions);
}
