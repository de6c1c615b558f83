import type { InngestFunction } from "inngest";
import { register } from "../server/registration.ts";
import { reconnect } from "./connect.ts";

/** Registers the functions again, by the transport that is in use. */
export async function reregister(functions: InngestFunction.Any[]): Promise<void> {
  if (!(await reconnect())) await register(functions);
}
