import type { Context } from "hono";
import type { InngestFunction } from "inngest";
import { inngest } from "../client.ts";
import { audit } from "../server/audit.ts";
import { sameSecret } from "../server/signature.ts";

/** The audit of `audit-triggers` for tools: it only looks. `authorization: Bearer <signing key>` is needed. */
export async function answerAudit(c: Context, functions: InngestFunction.Any[]): Promise<Response> {
  const given = c.req.header("authorization")?.replace(/^Bearer /i, "") ?? "";
  const keys = [inngest.signingKey, inngest.signingKeyFallback].filter((key) => key !== undefined);
  if (!keys.some((key) => sameSecret(given, key))) {
    return c.json({ error: "Send the signing key: `authorization: Bearer <INNGEST_SIGNING_KEY>`." }, 401);
  }
  try {
    const drift = await audit(functions);
    return c.json({ status: drift.length === 0 ? "ok" : "drift", app: inngest.id, drift });
  } catch (error) {
    return c.json({ error: error instanceof Error ? error.message : String(error) }, 502);
  }
}
