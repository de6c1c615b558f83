import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import type { PublicName } from "../render/caddyfile.ts";
import type { SettingsReader } from "./reader.ts";

/** How the front door is told to be. */
export interface GatewaySettings {
  /** Caddy's image; pin a tag. */
  image: string;
  /** A name beyond this machine; `undefined` for none. */
  publicName: PublicName | undefined;
  /** Address of this machine at which the door ends TLS, where it does. */
  listen: string;
}

/** Checks the setting `gateway`: a name, and at most one of a certificate and an address for ACME. */
export function readPublicName(tier: string, reader: SettingsReader): Omit<GatewaySettings, "image"> {
  const text = reader.text("gateway");
  const reject = (rule: string, remedy: string) => reader.reject("gateway", rule, remedy);
  const none = { publicName: undefined, listen: "0.0.0.0" };
  if (text === "") return none;
  const set = (key: string, example: string) => `pulumi config set --path gateway.${key} ${example}`;
  const given = parsed(text);
  const { url, certificate, key, email, listen = "0.0.0.0", ...unknown } = given ?? {};
  const origin = typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined;
  const isName = origin && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(origin.hostname) && origin.hostname !== "localhost";
  if (!isName || !/^https?:$/.test(origin.protocol) || origin.href !== `${origin.origin}/`) {
    const rule = "an object whose `url` is an http or https URL of a name beyond this machine, without a path";
    reject(rule, set("url", "https://inngest.example.org"));
    return none;
  }
  const texts = [certificate, key, email, listen].filter((value) => value !== undefined);
  if (Object.keys(unknown).length > 0 || !texts.every((value) => typeof value === "string")) {
    reject("an object of `url`, `certificate`, `key`, `email` and `listen`, all texts", "pulumi config rm gateway");
    return none;
  }
  const endsTls = certificate !== undefined || key !== undefined || email !== undefined;
  const files = [certificate, key].filter((path) => path !== undefined && isAbsolute(path as string));
  if (endsTls && tier !== "docker") {
    reject(
      `an object without \`certificate\`, \`key\` and \`email\` on tier ${tier}, where an Ingress ends TLS`,
      "pulumi config set exposure ingress",
    );
  } else if (endsTls && origin.protocol !== "https:") {
    reject("an object whose `url` is https where the door ends TLS", set("url", `https://${origin.host}`));
  } else if ((certificate !== undefined || key !== undefined) && (files.length !== 2 || email !== undefined)) {
    reject(
      "an object with both `certificate` and `key`, absolute paths of PEM files, or with `email` alone",
      set("key", "/etc/ssl/private/inngest.pem"),
    );
  } else if (isIP(listen as string) === 0) {
    reject("an object whose `listen` is an IP address of this machine", set("listen", "0.0.0.0"));
  }
  if (email !== undefined && !/^[^\s@{}"]+@[a-z0-9.-]+$/i.test(email as string)) {
    reject("an object whose `email` is an e-mail address", set("email", "me@example.org"));
  }
  const tls: PublicName["tls"] =
    email !== undefined
      ? { acme: email as string }
      : endsTls
        ? { certificate: certificate as string, key: key as string }
        : "elsewhere";
  return { publicName: { url: origin.origin, tls }, listen: listen as string };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
