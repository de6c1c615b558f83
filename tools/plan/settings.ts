import { createHash } from "node:crypto";
import { ciphertextOf, type FileValue, fileSettings, settingText } from "../../lib/settings/stack-file.ts";

/** A stack's settings as its program is planned with. */
export interface PlanSettings {
  values: Record<string, string>;
  /** Keys whose values are encrypted in the file. */
  encrypted: string[];
  /** Placeholders for secrets, which cannot be decrypted without the passphrase and need not be. */
  secrets: string[];
  /** Settings that the file leaves open and that a plan needs. */
  assumed: string[];
}

/** Values for settings that a tier requires and a stack's file leaves open. */
const assumptions: Record<string, Record<string, string>> = {
  kubernetes: { kubeContext: "example", workerImage: "example/worker:1" },
  cluster: { kubeContext: "example", workerImage: "example/worker:1" },
};

/** The settings in the text of a Pulumi.STACK.yaml. */
export function settingsOf(text: string): Pick<PlanSettings, "values" | "encrypted" | "secrets"> {
  const settings: Pick<PlanSettings, "values" | "encrypted" | "secrets"> = { values: {}, encrypted: [], secrets: [] };
  for (const [key, value] of Object.entries(fileSettings(text))) {
    const before = settings.secrets.length;
    settings.values[key] = settingText(withoutCiphertext(key, value, settings.secrets));
    if (settings.secrets.length > before) settings.encrypted.push(key);
  }
  return settings;
}

/** {@link settingsOf} with what any stack of the project needs to be planned. */
export function plannableSettings(text: string): PlanSettings {
  const settings = settingsOf(text);
  const assumed = Object.entries(assumptions[settings.values.tier ?? ""] ?? {}).filter(
    ([key]) => !settings.values[key],
  );
  const values = hideWorkerVariables({ ...settings.values, ...Object.fromEntries(assumed) }, settings.secrets);
  return { ...settings, values, assumed: assumed.map(([key, value]) => `${key} ${value}`) };
}

/** Treats all of the worker's variables as secret, because any of them may be. */
function hideWorkerVariables(values: Record<string, string>, secrets: string[]): Record<string, string> {
  if (values.workerEnv === undefined) return values;
  const hidden = Object.entries(JSON.parse(values.workerEnv) as Record<string, unknown>).map(([name, value]) => {
    if (typeof value === "string" && secrets.includes(value)) return [name, value];
    const placeholder = placeholderFor(name, String(value));
    secrets.push(placeholder);
    return [name, placeholder];
  });
  return { ...values, workerEnv: JSON.stringify(Object.fromEntries(hidden)) };
}

function withoutCiphertext(key: string, value: FileValue, secrets: string[]): FileValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => withoutCiphertext(key, inner, secrets));
  const ciphertext = ciphertextOf(value);
  if (ciphertext === undefined) {
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, withoutCiphertext(key, inner, secrets)]),
    );
  }
  const placeholder = placeholderFor(key, ciphertext);
  secrets.push(placeholder);
  return inShapeOf(key, placeholder);
}

/** Differs for each ciphertext. */
function placeholderFor(key: string, text: string): string {
  return createHash("sha256").update(`${key} ${text}`).digest("hex");
}

/** A placeholder in the shape that the program requires of that setting. */
function inShapeOf(key: string, placeholder: string): string {
  switch (key) {
    case "redisUrl":
      return `redis://:${placeholder}@redis.secret:6379`;
    case "postgresUrl":
      return `postgres://inngest:${placeholder}@postgres.secret:5432/inngest`;
    default:
      return placeholder;
  }
}
