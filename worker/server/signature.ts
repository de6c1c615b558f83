import { createHmac, timingSafeEqual } from "node:crypto";

/** A request's `x-inngest-signature`, as the server computes it: HMAC-SHA256 of body and time, with the key's text as the key. */
export function signRequest(body: string, signingKey: string, now = new Date()): string {
  const seconds = Math.floor(now.getTime() / 1000).toString();
  const digest = createHmac("sha256", signingKey)
    .update(body + seconds)
    .digest("hex");
  return `t=${seconds}&s=${digest}`;
}

/** Compares two secrets in constant time. */
export function sameSecret(actual: string, expected: string): boolean {
  const digest = (text: string) => createHmac("sha256", "compare").update(text).digest();
  return timingSafeEqual(digest(actual), digest(expected));
}
