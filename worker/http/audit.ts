import type { Context } from "hono";
import type { InngestFunction } from "inngest";
import { inngest, signingKeys } from "../client.ts";
import { reasonOf } from "../errors.ts";
import { audit } from "../server/audit.ts";
import { sameSecret } from "../server/signature.ts";

/** `audit-triggers` for tools, read-only. It requires `authorization: Bearer <signing key>`. */
export async function answerAudit(c: Context, functions: InngestFunction.Any[]): Promise<Response> {
  const token = c.req.header("authorization")?.replace(/^Bearer /i, "") ?? "";
  if (!signingKeys().some((key) => sameSecret(token, key))) {
    return c.json({ error: "Send the signing key: `authorization: Bearer <INNGEST_SIGNING_KEY>`." }, 401);
  }
  try {
    const drift = await audit(functions);
    return c.json({ status: drift.length === 0 ? "ok" : "drift", app: inngest.id, drift });
  } catch (error) {
    return c.json({ error: reasonOf(error) }, 502);
  }
}
