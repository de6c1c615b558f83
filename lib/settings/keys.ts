/**
 * What is wrong with a signing key, or `undefined`. Never quotes the key.
 * The server decodes the key as hex, and signs its calls with the raw text, prefix included, while the SDK strips
 * the prefix: a prefixed key registers and then every step fails with 401 (measured on server 1.43.0).
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
