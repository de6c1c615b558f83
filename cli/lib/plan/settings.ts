import { createHash } from "node:crypto";
import { ciphertextOf, type FileValue, fileSettings, settingText } from "../../../lib/settings/stack-file.ts";

/** A stack's settings as the program reads them. */
export interface StackSettings {
  values: Record<string, string>;
  /** Keys whose values are encrypted in the file. */
  encrypted: string[];
  /** What stands in the place of each secret: nobody can decrypt without the passphrase, and nobody has to. */
  secrets: string[];
  /** Settings that the file leaves to its user and that a plan cannot do without. */
  assumed: string[];
}

/** What a plan takes where a stack's file says nothing and the tier demands a value. */
const assumptions: Record<string, Record<string, string>> = {
  kubernetes: { kubeContext: "example", workerImage: "example/worker:1" },
  cluster: { kubeContext: "example", workerImage: "example/worker:1" },
};

/** The settings in the text of a Pulumi.STACK.yaml, as they are there. */
export function settingsOf(text: string): Pick<StackSettings, "values" | "encrypted" | "secrets"> {
  const settings: Pick<StackSettings, "values" | "encrypted" | "secrets"> = { values: {}, encrypted: [], secrets: [] };
  for (const [key, value] of Object.entries(fileSettings(text))) {
    const before = settings.secrets.length;
    settings.values[key] = settingText(withoutCiphertext(key, value, settings.secrets));
    if (settings.secrets.length > before) settings.encrypted.push(key);
  }
  return settings;
}

/** {@link settingsOf}, completed so that any of the project's stacks can be planned. */
export function plannableSettings(text: string): StackSettings {
  const settings = settingsOf(text);
  const assumed = Object.entries(assumptions[settings.values.tier ?? ""] ?? {}).filter(
    ([key]) => !settings.values[key],
  );
  const values = hideWorkerVariables({ ...settings.values, ...Object.fromEntries(assumed) }, settings.secrets);
  return { ...settings, values, assumed: assumed.map(([key, value]) => `${key} ${value}`) };
}

/** The worker's variables are secret whether they are encrypted or not, because one of them may be. */
function hideWorkerVariables(values: Record<string, string>, secrets: string[]): Record<string, string> {
  if (values.workerEnv === undefined) return values;
  const hidden = Object.entries(JSON.parse(values.workerEnv) as Record<string, unknown>).map(([name, value]) => {
    if (typeof value === "string" && secrets.includes(value)) return [name, value];
    const stand = standIn(name, String(value));
    secrets.push(stand);
    return [name, stand];
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
  const stand = standIn(key, ciphertext);
  secrets.push(stand);
  return inShapeOf(key, stand);
}

/** Another text for another ciphertext. */
function standIn(key: string, text: string): string {
  return createHash("sha256").update(`${key} ${text}`).digest("hex");
}

/** The program checks the shape of what it is told. */
function inShapeOf(key: string, stand: string): string {
  switch (key) {
    case "redisUrl":
      return `redis://:${stand}@redis.secret:6379`;
    case "postgresUrl":
      return `postgres://inngest:${stand}@postgres.secret:5432/inngest`;
    default:
      return stand;
  }
}
