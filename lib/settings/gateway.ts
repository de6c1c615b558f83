import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import type { PublicName } from "../render/caddyfile.ts";
import { areTexts, type SettingsReader } from "./reader.ts";
import type { Tier } from "./schema.ts";

/** The gateway in front of the server, on the tiers that have one. */
export interface GatewaySettings {
  /** Caddy's image; pin a tag. */
  image: string;
  /** Its name beyond this machine; `undefined` for none. */
  publicName: PublicName | undefined;
  /** Address of this machine at which it ends TLS, where it does. */
  listen: string;
}

/** Reads `gatewayImage` and `gateway`: a name, with at most one of a certificate and an address for ACME. */
export function readGateway(tier: Tier, reader: SettingsReader): GatewaySettings {
  const none = { image: reader.image("gatewayImage"), publicName: undefined, listen: "0.0.0.0" };
  if (reader.text("gateway") === "") return none;
  const { url, ...rest } = reader.object("gateway") ?? {};
  const origin = originOf(url);
  if (origin === undefined) {
    const rule = "an object whose `url` is an http or https URL of a name beyond this machine, without a path";
    reader.reject("gateway", rule, set("url", "https://inngest.example.org"));
    return none;
  }
  if (!areTexts(rest, ["certificate", "key", "email", "listen"])) {
    const rule = "an object of `url`, `certificate`, `key`, `email` and `listen`, all texts";
    reader.reject("gateway", rule, "pulumi config rm gateway");
    return none;
  }
  const { certificate = "", key = "", email, listen = none.listen } = rest;
  checkTls({ ...rest, tier, origin }, reader);
  if (isIP(listen) === 0) {
    reader.reject("gateway", "an object whose `listen` is an IP address of this machine", set("listen", none.listen));
  }
  const ownCertificate = certificate || key ? { certificate, key } : "elsewhere";
  return { ...none, publicName: { url: origin.origin, tls: email ? { acme: email } : ownCertificate }, listen };
}

const set = (key: string, example: string) => `pulumi config set --path gateway.${key} ${example}`;

function originOf(text: unknown): URL | undefined {
  const url = typeof text === "string" ? URL.parse(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) return undefined;
  const isName = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(url.hostname) && url.hostname !== "localhost";
  return isName ? url : undefined;
}

function checkTls(
  { tier, origin, ...tls }: { tier: Tier; origin: URL; certificate?: string; key?: string; email?: string },
  reader: SettingsReader,
): void {
  const { certificate, key, email } = tls;
  const files = [certificate, key].filter((path) => path !== undefined);
  if (files.length === 0 && email === undefined) return;
  if (tier !== "docker") {
    reader.reject(
      "gateway",
      `an object without \`certificate\`, \`key\` and \`email\` on tier ${tier}, where an Ingress ends TLS`,
      "pulumi config set exposure ingress",
    );
  } else if (origin.protocol !== "https:") {
    const rule = "an object whose `url` is https where the gateway ends TLS";
    reader.reject("gateway", rule, set("url", `https://${origin.host}`));
  } else if (files.length > 0 && (files.filter(isAbsolute).length !== 2 || email !== undefined)) {
    reader.reject(
      "gateway",
      "an object with both `certificate` and `key`, absolute paths of PEM files, or with `email` alone",
      set("key", "/etc/ssl/private/inngest.pem"),
    );
  }
  if (email !== undefined && !/^[^\s@{}"]+@[a-z0-9.-]+$/i.test(email)) {
    reader.reject("gateway", "an object whose `email` is an e-mail address", set("email", "me@example.org"));
  }
}
