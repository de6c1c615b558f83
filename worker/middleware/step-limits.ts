import { Middleware, NonRetriableError } from "inngest";
import { shorten } from "../log.ts";

/** Largest result of a step or a run as JSON. The server's own limit is 4 MB (inngest 1.43.0, pkg/consts). */
export const maxResultBytes = 1_000_000;
/** Longest message and stack of an error that is sent to the server, in characters. */
const maxErrorLength = 10_000;

/**
 * Rejects large results before they reach the server's limit, whose error names no remedy, and shortens huge errors.
 *
 * The error is not retriable: the same step would return as much again.
 */
export class StepLimits extends Middleware.BaseMiddleware {
  readonly id = "step-limits";

  override async wrapStepHandler({ next, stepInfo }: Middleware.WrapStepHandlerArgs): Promise<unknown> {
    return limit(`Step "${stepInfo.options.id}"`, next);
  }

  override async wrapFunctionHandler({ next, fn }: Middleware.WrapFunctionHandlerArgs): Promise<unknown> {
    return limit(`Function "${fn.id()}"`, next);
  }
}

async function limit(subject: string, next: () => Promise<unknown>): Promise<unknown> {
  const result = await next().catch((error) => {
    throw shortenError(error);
  });
  const bytes = Buffer.byteLength(JSON.stringify(result) ?? "");
  if (bytes <= maxResultBytes) return result;
  throw new NonRetriableError(
    `${subject} returned ${bytes} bytes, more than the ${maxResultBytes} that are allowed: ` +
      "put the data into the claim store (`claimStore().put(...)`) and return the claim.",
  );
}

function shortenError(error: unknown): unknown {
  for (let each = error; each instanceof Error; each = each.cause) {
    each.message = shorten(each.message, maxErrorLength);
    if (each.stack) each.stack = shorten(each.stack, maxErrorLength);
  }
  return typeof error === "string" ? shorten(error, maxErrorLength) : error;
}
