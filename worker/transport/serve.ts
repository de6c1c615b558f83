import type { InngestFunction } from "inngest";
import { keepRegistered, type Registrar } from "../server/registrar.ts";
import type { Transport } from "./transport.ts";

/** The server sends requests to `/api/inngest`; the worker only has to stay registered. */
export function serveTransport(functions: InngestFunction.Any[]): Transport {
  let registrar: Registrar | undefined;
  return {
    name: "serve",
    get registered() {
      return registrar?.registered ?? false;
    },
    start() {
      registrar = keepRegistered(functions);
    },
    async stop() {
      registrar?.stop();
    },
  };
}
