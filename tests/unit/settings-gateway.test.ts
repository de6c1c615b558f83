// Proves what readSettings says about the setting `gateway`. Does not prove that Caddy accepts what is rendered from
// it: that is for tests/process/caddyfile.test.ts.
import { describe, expect, test } from "vitest";
import { Problem } from "../../lib/problem.ts";
import { readSettings } from "../../lib/settings/settings.ts";

const read = (gateway: unknown, tier = "docker") => {
  const kubernetes: Record<string, string> =
    tier === "docker" ? {} : { kubeContext: "mine", workerPlacement: "container", workerImage: "w:1" };
  const values = { tier, ...kubernetes, gateway: typeof gateway === "string" ? gateway : JSON.stringify(gateway) };
  return readSettings("test", { values, encrypted: new Set() }).gateway;
};
const url = "https://inngest.example.org";
const certificate = { certificate: "/etc/tls/certificate.pem", key: "/etc/tls/key.pem" };

describe("a gateway is refused", () => {
  const name = "an object whose `url` is an http or https URL of a name beyond this machine, without a path";
  const nameRemedy = "--path gateway.url https://inngest.example.org";
  const files = "an object with both `certificate` and `key`, absolute paths of PEM files, or with `email` alone";
  const filesRemedy = "--path gateway.key /etc/ssl/private/inngest.pem";
  test.each<[unknown, string, string]>([
    ["inngest.example.org", name, nameRemedy],
    [{}, name, nameRemedy],
    [{ url: "ftp://inngest.example.org" }, name, nameRemedy],
    [{ url: `${url}/inngest` }, name, nameRemedy],
    [{ url: "https://me:secret@inngest.example.org" }, name, nameRemedy],
    [{ url: "https://inngest.example.org}:1" }, name, nameRemedy],
    [{ url: "http://localhost:9000" }, name, nameRemedy],
    [{ url, ...certificate, key: undefined }, files, filesRemedy],
    [{ url, ...certificate, key: "key.pem" }, files, filesRemedy],
    [{ url, ...certificate, email: "me@example.org" }, files, filesRemedy],
    [
      { url: "http://inngest.example.org", email: "me@example.org" },
      "an object whose `url` is https where the gateway ends TLS",
      "--path gateway.url https://inngest.example.org",
    ],
    [{ url, email: "me" }, "an object whose `email` is an e-mail address", "--path gateway.email me@example.org"],
    [
      { url, ...certificate, listen: "eth0" },
      "an object whose `listen` is an IP address of this machine",
      "--path gateway.listen 0.0.0.0",
    ],
  ])("%j", (gateway, rule, remedy) => {
    const text = typeof gateway === "string" ? gateway : JSON.stringify(gateway);
    const message = `\`gateway\` must be ${rule}, got ${JSON.stringify(text)}. Remedy: pulumi config set ${remedy}`;
    expect(() => read(gateway)).toThrow(new Problem(`the settings of stack test are wrong:\n  - ${message}`));
  });

  test("with an unknown key", () => {
    expect(() => read({ url, tls: true })).toThrow(
      "`gateway` must be an object of `url`, `certificate`, `key`, `email` and `listen`, all texts",
    );
  });

  test("with a certificate where an Ingress ends TLS", () => {
    expect(() => read({ url, ...certificate }, "kubernetes")).toThrow(
      "`gateway` must be an object without `certificate`, `key` and `email` on tier kubernetes, where an Ingress ends TLS",
    );
  });
});

test.each([
  ["", undefined],
  [{ url }, { url, tls: "elsewhere" }],
  [{ url: "HTTPS://Inngest.Example.org:443/" }, { url, tls: "elsewhere" }],
  [
    { url, ...certificate },
    { url, tls: certificate },
  ],
  [
    { url, email: "me@example.org" },
    { url, tls: { acme: "me@example.org" } },
  ],
])("a gateway of %j is accepted", (gateway, publicName) => {
  expect(read(gateway).publicName).toEqual(publicName);
});
