// Proves what the files in tests/rendered/ say, which people review, and that Caddy accepts them. What the gateway lets
// pass is for the integration suite.
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { onPath } from "../../lib/host/programs.ts";
import { type GatewayOptions, renderCaddyfile } from "../../lib/render/caddyfile.ts";
import { drainMarkers, serverScript } from "../../lib/render/server-script.ts";
import { emptyWalDatabase } from "../../lib/render/wal-database.ts";

const passwordHash = `$2a$10$${"abcdefghijklmnopqrstu".repeat(3).slice(0, 53)}`;
const docker: GatewayOptions = {
  server: "inngest-persistent-server",
  drainMarkers,
  names: ["inngest-persistent-gateway"],
  passwordHash,
  dashboard: true,
  connect: false,
};
const url = "https://inngest.example.org";
const certificate = { certificate: "/certificate/certificate.pem", key: "/certificate/key.pem" };
const variants: Record<string, GatewayOptions> = {
  docker,
  "docker-tls": { ...docker, connect: true, publicName: { url, tls: certificate } },
  "docker-acme": { ...docker, dashboard: false, publicName: { url: `${url}:9443`, tls: { acme: "me@example.org" } } },
  kubernetes: {
    ...docker,
    server: "servers",
    drainMarkers: undefined,
    names: ["inngest-svc", "inngest-svc.inngest-kubernetes"],
    connect: true,
    publicName: { url, tls: "elsewhere" },
    openMetrics: true,
  },
};

test.each(Object.entries(variants))("the Caddyfile of %s is as reviewed", async (name, options) => {
  await expect(renderCaddyfile(options)).toMatchFileSnapshot(`../rendered/caddyfile/${name}.Caddyfile`);
});

test("without a dashboard none of its paths is exposed", () => {
  const text = renderCaddyfile({ ...docker, dashboard: false });
  expect(text).not.toMatch(/gql\|telemetry|assets/);
  expect(renderCaddyfile(docker)).toMatch(/gql\|telemetry.*assets/);
});

describe.skipIf(!onPath("caddy"))(`Caddy on PATH${onPath("caddy") ? "" : " (skipped: there is none)"}`, () => {
  const caddy = (...args: string[]) => execFileSync("caddy", args, { encoding: "utf8", stdio: "pipe" });

  test.each(Object.keys(variants))("reads and formats the Caddyfile of %s as it is", (name) => {
    const path = `tests/rendered/caddyfile/${name}.Caddyfile`;
    expect(JSON.parse(caddy("adapt", "--config", path, "--adapter", "caddyfile")).apps.http.servers).toBeDefined();
    expect(() => execFileSync("sh", ["-c", 'caddy fmt "$1" | cmp - "$1"', "sh", path])).not.toThrow();
  });
});

test("bash can read the script of a server in a container", async () => {
  const script = serverScript(emptyWalDatabase(), "inngest-dev-queue:6379");
  await expect(script).toMatchFileSnapshot("../rendered/server-container.sh");
  execFileSync("bash", ["-n"], { input: script });
});
