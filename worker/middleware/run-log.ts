import { Middleware } from "inngest";
import { log } from "../log.ts";
import { createLogger } from "./sdk-logger.ts";

/** Logs the start and the end of every run and every failed attempt at a step, with the run's id and never with data. */
export class RunLog extends Middleware.BaseMiddleware {
  readonly id = "run-log";

  /** Gives the function a `logger` whose lines have the run's id. */
  override transformFunctionInput(args: Middleware.TransformFunctionInputArgs): Middleware.TransformFunctionInputArgs {
    const { ctx, fn } = args;
    const logger = createLogger({ runId: ctx.runId, function: fn.id() });
    // The type of `ctx` has no `logger`, because the SDK adds it through its own middleware.
    return { ...args, ctx: Object.assign({}, ctx, { logger }) };
  }

  override onRunStart({ ctx, fn }: Middleware.OnRunStartArgs): void {
    log("info", "run started", { runId: ctx.runId, function: fn.id() });
  }

  override onRunComplete({ ctx, fn }: Middleware.OnRunCompleteArgs): void {
    log("info", "run completed", { runId: ctx.runId, function: fn.id() });
  }

  override onRunError({ ctx, fn, error, isFinalAttempt }: Middleware.OnRunErrorArgs): void {
    const message = isFinalAttempt ? "run failed" : "run attempt failed";
    log("error", message, { runId: ctx.runId, function: fn.id(), attempt: ctx.attempt, error: error.message });
  }

  override onStepError({ ctx, fn, error, isFinalAttempt, stepInfo }: Middleware.OnStepErrorArgs): void {
    const message = isFinalAttempt ? "step failed" : "step attempt failed";
    const step = stepInfo.options.name ?? stepInfo.options.id;
    log("warn", message, { runId: ctx.runId, function: fn.id(), step, attempt: ctx.attempt, error: error.message });
  }
}
