// Sends requests to the app without a network. Proves paths, statuses and signatures; not the listening itself
// (tests/integration/boot.test.ts) and not the server's own signatures (tests/integration/chain.test.ts).
import { createHmac } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createApp } from "../../app.ts";
import { inngest } from "../../client.ts";
import { functions } from "../../functions/index.ts";
import { maxWebhookBytes } from "../../http/webhooks.ts";
import { signRequest } from "../../server/signature.ts";
import type { Transport } from "../../transport/transport.ts";
import { type Api, startApi } from "../support/api.ts";
import { dataDirectory } from "../support/folder.ts";

const transport = (name: Transport["name"], registered = true): Transport => ({
  name,
  registered,
  start() {},
  async stop() {},
});
const app = createApp(transport("serve"));
const key = process.env.INNGEST_SIGNING_KEY ?? "";

let api: Api | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
  vi.restoreAllMocks();
});

test("GET / lists what is served", async () => {
  const response = await app.request("/");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    status: "running",
    app: "inngest-local",
    functions: functions.map((fn) => fn.id()),
  });
});

describe("GET /healthz", () => {
  test("is ok when server and claims are available, and lists what is off", async () => {
    dataDirectory();
    api = await startApi();
    const response = await app.request("/healthz");
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      status: "ok",
      degraded: [],
      off: expect.arrayContaining(["shared state and agent gateway: REDIS_URL is not set"]),
    });
  });

  test("answers 200 and names the unavailable parts", async () => {
    dataDirectory();
    vi.stubEnv("REDIS_URL", "redis://127.0.0.1:9");
    const response = await app.request("/healthz");
    expect(response.status).toBe(200);
    const { status, degraded } = (await response.json()) as { status: string; degraded: string[] };
    expect(status).toBe("degraded");
    expect(degraded).toEqual([
      expect.stringMatching(/^server: /),
      expect.stringMatching(/^redis: Redis at REDIS_URL is unavailable/),
    ]);
  });

  test("reports an app that is not registered yet", async () => {
    dataDirectory();
    api = await startApi();
    const response = await createApp(transport("serve", false)).request("/healthz");
    expect(await response.json()).toMatchObject({ status: "degraded", degraded: ["server: not registered yet"] });
  });
});

describe("/api/inngest", () => {
  const url = "http://worker/api/inngest?fnId=inngest-local-process-task&stepId=step";
  const body = JSON.stringify({ event: {}, ctx: {} });
  const request = (method: string, signature?: string) =>
    new Request(url, {
      method,
      ...(method !== "GET" && { body }),
      headers: { host: "worker", ...(signature && { "x-inngest-signature": signature }) },
    });

  test.each(["GET", "PUT", "POST"])("answers 401 to an unsigned %s", async (method) => {
    expect((await app.request(request(method))).status).toBe(401);
  });

  test("answers 401 to a wrong key, an old signature, another body and garbage", async () => {
    const old = signRequest(body, key, new Date(Date.now() - 6 * 60_000));
    for (const signature of [signRequest(body, "ffff"), old, signRequest("other", key), "garbage", "t=1&s="]) {
      expect((await app.request(request("POST", signature))).status).toBe(401);
    }
  });

  test("answers a GET signed with the key or the fallback key", async () => {
    vi.stubEnv("INNGEST_SIGNING_KEY_FALLBACK", "abcdef");
    for (const signer of [key, "abcdef"]) {
      const response = await app.request(request("GET", signRequest("", signer)));
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ mode: "cloud", function_count: functions.length });
    }
  });

  test("answers 404 when the worker connects instead", async () => {
    const response = await createApp(transport("connect")).request(request("GET", signRequest("", key)));
    expect(response.status).toBe(404);
  });
});

describe("GET /audit", () => {
  const ask = (token?: string) => app.request("/audit", { headers: token ? { authorization: `Bearer ${token}` } : {} });

  test("requires the signing key", async () => {
    expect((await ask()).status).toBe(401);
    expect((await ask("wrong")).status).toBe(401);
  });

  test("reports drift without registering again", async () => {
    api = await startApi();
    const response = await ask(key);
    expect(response.status).toBe(200);
    const { status, drift } = (await response.json()) as { status: string; drift: { problem: string }[] };
    expect(status).toBe("drift");
    expect(drift).toHaveLength(functions.length);
    expect(api.registrations).toBe(0);
  });

  test("answers 502 when the server is unavailable", async () => {
    expect((await ask(key)).status).toBe(502);
  });
});

describe("POST /webhooks/:source", () => {
  const body = JSON.stringify({ action: "opened" });
  const github = (text: string, secret: string) => `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`;
  const post = (headers: Record<string, string>, text = body, source = "forge") => {
    vi.stubEnv("WEBHOOK_SECRETS", "forge=sesame");
    return app.request(`/webhooks/${source}`, { method: "POST", body: text, headers });
  };
  const sent = () => vi.spyOn(inngest, "send").mockResolvedValue({ ids: ["1"] });

  test("turns a repeated delivery into the same event", async () => {
    const send = sent();
    const headers = { "x-hub-signature-256": github(body, "sesame"), "x-github-delivery": "d1" };
    expect((await post(headers)).status).toBe(202);
    expect((await post(headers)).status).toBe(202);
    for (const [event] of send.mock.calls) {
      expect(event).toMatchObject({
        name: "webhook/received",
        id: "webhook-forge-d1",
        data: { source: "forge", delivery: "d1" },
      });
    }
  });

  test.each([
    ["no signature", {}],
    ["another secret", { "x-hub-signature-256": github(body, "open"), "x-github-delivery": "d" }],
    ["another body", { "x-hub-signature-256": github("{}", "sesame"), "x-github-delivery": "d" }],
    ["an empty signature", { "x-hub-signature-256": "", "x-github-delivery": "d" }],
  ])("answers 401 to %s", async (_, headers) => {
    const send = sent();
    expect((await post(headers)).status).toBe(401);
    expect(send).not.toHaveBeenCalled();
  });

  test("answers 401 to a source without a secret", async () => {
    const headers = { "x-hub-signature-256": github(body, "sesame"), "x-github-delivery": "d" };
    expect((await post(headers, body, "unknown")).status).toBe(401);
  });

  test("answers 400 without a delivery id, and to a body that is not JSON", async () => {
    expect((await post({ "x-hub-signature-256": github(body, "sesame") })).status).toBe(400);
    expect((await post({ "x-hub-signature-256": github("{", "sesame"), "x-github-delivery": "d" }, "{")).status).toBe(
      400,
    );
  });

  test("answers 413 to a body that is too large", async () => {
    const large = "x".repeat(maxWebhookBytes + 1);
    expect((await post({ "content-length": String(large.length) }, large)).status).toBe(413);
  });

  test("accepts Standard Webhooks and rejects old ones", async () => {
    sent();
    const signed = (seconds: number) => ({
      "webhook-id": "m1",
      "webhook-timestamp": String(seconds),
      "webhook-signature": `v1,other v1,${createHmac("sha256", "sesame").update(`m1.${seconds}.${body}`).digest("base64")}`,
    });
    const now = Math.floor(Date.now() / 1000);
    expect((await post(signed(now))).status).toBe(202);
    expect((await post(signed(now - 600))).status).toBe(401);
    expect((await post({ ...signed(now), "webhook-timestamp": "soon" })).status).toBe(401);
  });
});
