import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "hono";
import { settings } from "../environment.ts";
import { type Check, check, checkClaims, checkRedis, type Outcome } from "../health/checks.ts";
import { runtimeName } from "../runtime.ts";
import { pingServer } from "../server/api.ts";
import type { Transport } from "../transport/transport.ts";

/** How long one part may take to answer. Callers of a health check have short timeouts themselves. */
const partTimeoutMs = 2_000;

/**
 * Reports that the worker is alive, and which of its parts are unavailable. The status is always 200: restarting a worker because
 * its server or Redis is unavailable would only interrupt running steps.
 */
export async function healthz(c: Context, transport: Transport): Promise<Response> {
  const { redisUrl, ai, transcribeCommand } = settings();
  const parts = await Promise.all([
    part("server", async () => {
      await pingServer();
      return { ok: transport.registered, seen: transport.registered ? "registered" : "not registered yet" };
    }),
    part("claims", checkClaims),
    ...(redisUrl ? [part("redis", checkRedis)] : []),
  ]);
  const degraded = parts.filter(({ ok }) => !ok).map(({ check, seen }) => `${check}: ${seen}`);
  return c.json({
    status: degraded.length > 0 ? "degraded" : "ok",
    degraded,
    off: [
      ...(redisUrl ? [] : ["shared state and agent gateway: REDIS_URL is not set"]),
      ...(ai ? [] : ["summaries and agent: AI_BASE_URL is not set"]),
      ...(transcribeCommand ? [] : ["transcription: TRANSCRIBE_COMMAND is not set"]),
    ],
    transport: transport.name,
    runtime: runtimeName,
    uptimeSeconds: Math.round(process.uptime()),
  });
}

function part(name: string, run: () => Promise<Outcome>): Promise<Check> {
  return check(name, () => Promise.race([run(), timeOut()]));
}

async function timeOut(): Promise<never> {
  await delay(partTimeoutMs, undefined, { ref: false });
  throw new Error(`no answer within ${partTimeoutMs / 1000} s`);
}
