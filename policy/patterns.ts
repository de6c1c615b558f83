/** Matches names of variables and settings that hold secrets. */
const secretWord = /(signing|event)[-_]?key|api[-_]?key|private[-_]?key|password|passphrase|secret|token|credential/i;

/** Matches a URL that contains a password. */
export const urlWithPassword = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]*:[^\s/@'"]+@/i;

/** Matches `name: value` in JSON (also escaped inside a string), YAML and shell, unless the value is a variable. */
const assignment = new RegExp(
  String.raw`(?:${secretWord.source})\w*["'\\]*\s*[:=]\s*["'\\]*[^\s"'\\$(\[{][^\s"'\\]{7}`,
  "i",
);

/** Whether a variable with this name holds a secret. */
export function isSecretName(name: string): boolean {
  return secretWord.test(name) || /(^|_)key$/i.test(name);
}

/** Whether a text appears to contain a secret. */
export function containsSecret(text: string): boolean {
  return assignment.test(text) || urlWithPassword.test(text);
}

/** Names what exposes a secret in a command line, such as `--signing-key`; never the secret itself. */
export function secretsInArguments(line: string): string[] {
  const flags = [...line.matchAll(/(--(?:signing-key|event-key|requirepass))(?=[\s=]|$)/g)].map(([, flag]) => flag);
  // A shell's `NAME=value command` is not an argument, but a literal value is part of the shell's own arguments.
  const literal = [...line.matchAll(/\b(INNGEST_(?:SIGNING|EVENT)_KEY)=["']?[^\s"'$]/g)].map(([, name]) => name);
  const passed = [...line.matchAll(/(?:-e|--env)[\s=]["']?(INNGEST_(?:SIGNING|EVENT)_KEY)=/g)].map(([, name]) => name);
  const url = urlWithPassword.test(line) ? ["a URL with a password"] : [];
  return [...new Set([...flags, ...literal, ...passed, ...url])] as string[];
}
