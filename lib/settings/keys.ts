import { rotationSteps } from "../stack/key-rotation.ts";
import { rangeRule, type SettingsReader, wholeNumber } from "./reader.ts";

const highestGeneration = 1_000_000;

/** Reads `keys`, `keysFrom`, `signingKey` and `eventKey`: where a stack's keys come from. */
export function readKeys(stack: string, reader: SettingsReader) {
  const keysFrom = reader.optional("keysFrom");
  const keys = {
    ...readRotation(keysFrom, reader),
    /** The user's own keys instead of generated ones. */
    signingKey: reader.secret("signingKey", signingKeyProblem),
    eventKey: reader.secret("eventKey", eventKeyProblem),
  };
  const remedy = "pulumi config rm keysFrom";
  if (keysFrom === stack) reader.reject("keysFrom", "another stack than this one", remedy);
  if (keysFrom && (keys.signingKey || keys.eventKey)) {
    reader.problem("`keysFrom` must stand alone, and `signingKey` or `eventKey` is set too", remedy);
  }
  return { keys, keysFrom };
}

/** The number of the generated keys, from 1, and how far the change from the generation before has come. */
function readRotation(keysFrom: string | undefined, reader: SettingsReader) {
  const given = reader.object("keys");
  const { generation: number = 1, step: name = "none", ...others } = given ?? {};
  const generation = wholeNumber(String(number), 1, highestGeneration);
  const step = rotationSteps.find((each) => each === name);
  if (given === undefined || Object.keys(others).length > 0) {
    reader.reject("keys", "an object of `generation` and `step`, which `npm run keys` writes", "pulumi config rm keys");
  }
  const reject = (key: string, rule: string, value: unknown, remedy: string) =>
    reader.problem(`\`keys.${key}\` must be ${rule}, got ${JSON.stringify(value)}`, `pulumi config ${remedy}`);
  const remove = "rm --path keys.step";
  if (generation === undefined) {
    reject("generation", rangeRule(1, highestGeneration), number, "set --path keys.generation 1");
  }
  if (step === undefined) reject("step", `one of ${rotationSteps.join(", ")}`, name, remove);
  else if (step !== "none" && generation === 1) {
    reject("step", "none at `keys.generation` 1, which has no generation before it", step, remove);
  }
  if (keysFrom && step !== "none" && step !== undefined) {
    reject("step", "none where `keysFrom` is set, whose stack's keys change", step, remove);
  }
  return { generation: generation ?? 1, step: step ?? "none" } as const;
}

/**
 * What is wrong with a signing key, or `undefined`. Never quotes the key.
 *
 * The server signs its calls with the raw text, prefix included, while the SDK strips the prefix: with a prefixed key
 * the worker registers, and then every step fails with 401.
 */
export function signingKeyProblem(key: string): string | undefined {
  if (/^signkey-/.test(key)) return "must have no `signkey-` prefix, and its value has one: give the hex part alone";
  if (!/^[0-9a-f]+$/i.test(key)) return "must be hex digits only, and its value is not";
  if (key.length % 2 !== 0) return `must have an even number of hex digits, and its value has ${key.length}`;
  if (key.length < 32) return `must have at least 32 hex digits, and its value has ${key.length}`;
  return undefined;
}

/** What is wrong with an event key, or `undefined`. Never quotes the key. */
export function eventKeyProblem(key: string): string | undefined {
  if (key.trim() === "") return "must not be empty";
  // It travels as a path segment (POST /e/KEY) and in a comma-separated list (INNGEST_EVENT_KEY).
  if (!/^[\w.~-]+$/.test(key)) return "must be letters, digits and . _ ~ - only, and its value has others";
  return undefined;
}
