import { createHmac } from "node:crypto";
import type { Context } from "hono";
import { inngest } from "../client.ts";
import { settings } from "../environment.ts";
import { webhookReceived } from "../events.ts";
import { sameSecret } from "../server/signature.ts";

/** Largest webhook accepted: it becomes part of an event, and must fit into the result of a step too. */
export const maxWebhookBytes = 900_000;
/** How far the timestamp of a Standard Webhooks delivery may be from now, so that a stolen one cannot be replayed later. */
const maxAgeMs = 5 * 60_000;

/**
 * Accepts a webhook that is signed with its source's secret. A repeated delivery becomes the same event, so nothing runs twice.
 *
 * Two signature schemes are supported: GitHub's (`x-hub-signature-256: sha256=<hex>`, delivery id in `x-github-delivery` or
 * `x-delivery-id`), and Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64>`).
 */
export async function receiveWebhook(c: Context): Promise<Response> {
  const source = c.req.param("source") ?? "";
  const secret = settings().webhookSecrets.get(source);
  const body = await c.req.text();
  const delivery = secret === undefined ? undefined : verifiedDelivery(c, body, secret);
  // The same answer for an unknown source and a wrong signature, so that sources cannot be enumerated.
  if (delivery === undefined) {
    return c.json({ error: "The source is unknown, or the signature is missing or wrong." }, 401);
  }
  if (delivery === "") {
    return c.json({ error: "The delivery has no id: send x-github-delivery, x-delivery-id or webhook-id." }, 400);
  }
  const parsed = parseJson(body);
  if (!parsed) return c.json({ error: "The body is not JSON." }, 400);
  const data = { source, delivery, body: parsed.value };
  await inngest.send(webhookReceived.create(data, { id: `webhook-${source}-${delivery}` }));
  return c.json({ accepted: delivery }, 202);
}

/** The delivery's id, empty when it has none; `undefined` when the signature is not valid. */
function verifiedDelivery(c: Context, body: string, secret: string): string | undefined {
  const githubSignature = c.req.header("x-hub-signature-256");
  if (githubSignature !== undefined) {
    const expected = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    if (!sameSecret(githubSignature, expected)) return undefined;
    return c.req.header("x-github-delivery") ?? c.req.header("x-delivery-id") ?? "";
  }
  const id = c.req.header("webhook-id") ?? "";
  const seconds = c.req.header("webhook-timestamp") ?? "";
  const signatures = (c.req.header("webhook-signature") ?? "").split(" ");
  // Written as `!(… <= …)` to reject a timestamp that is not a number too.
  if (!(Math.abs(Date.now() - Number(seconds) * 1000) <= maxAgeMs)) return undefined;
  // Standard Webhooks: `whsec_` is followed by the key in base64.
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : secret;
  const expected = `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`;
  return signatures.some((signature) => sameSecret(signature, expected)) ? id : undefined;
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
