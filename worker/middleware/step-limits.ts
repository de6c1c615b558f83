import { Middleware, NonRetriableError } from "inngest";
import { shorten } from "../log.ts";

/** Largest result of a step or a run, in bytes of JSON; the server's own limit is 4 MB (inngest 1.43.0, pkg/consts). */
export const RESULT_LIMIT = 1_000_000;
/** Longest message and stack of an error that is sent to the server, in characters. */
const ERROR_LIMIT = 10_000;

/**
 * Refuses results that grow towards the server's limit while there is still room to say what to do, and cuts huge errors.
 *
 * The refusal is final: the same step would give the same size again.
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
    throw truncate(error);
  });
  const bytes = Buffer.byteLength(JSON.stringify(result) ?? "");
  if (bytes <= RESULT_LIMIT) return result;
  throw new NonRetriableError(
    `${subject} returned ${bytes} bytes, more than the ${RESULT_LIMIT} that a result may have: ` +
      "put the data into the claim store (`claimStore().put(...)`) and return the claim.",
  );
}

function truncate(error: unknown): unknown {
  for (let each = error; each instanceof Error; each = each.cause) {
    each.message = shorten(each.message, ERROR_LIMIT);
    if (each.stack) each.stack = shorten(each.stack, ERROR_LIMIT);
  }
  return typeof error === "string" ? shorten(error, ERROR_LIMIT) : error;
}
