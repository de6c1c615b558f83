/** Words in the names of variables and settings whose values are secrets. */
const secretWord = /(signing|event)[-_]?key|api[-_]?key|private[-_]?key|password|passphrase|secret|token|credential/i;

/** A URL with a password in it. */
export const urlWithPassword = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]*:[^\s/@'"]+@/i;

/** `name: value`, as JSON (also within a JSON text), YAML and shells write it; the value is no variable's name. */
const assignment = new RegExp(
  String.raw`(?:${secretWord.source})\w*["'\\]*\s*[:=]\s*["'\\]*[^\s"'\\$(\[{][^\s"'\\]{7}`,
  "i",
);

/** Whether a variable of that name is a secret. */
export function isSecretName(name: string): boolean {
  return secretWord.test(name) || /(^|_)key$/i.test(name);
}

/** Whether a text holds what looks like a secret. */
export function holdsSecret(text: string): boolean {
  return assignment.test(text) || urlWithPassword.test(text);
}

/** What in a command line shows a secret to everybody who may list processes; never the secret itself. */
export function secretsInArguments(line: string): string[] {
  const flags = [...line.matchAll(/(--(?:signing-key|event-key|requirepass))(?=[\s=]|$)/g)].map(([, flag]) => flag);
  // A shell's own `NAME=value command` is no argument, but one that is written out is in the shell's.
  const written = [...line.matchAll(/\b(INNGEST_(?:SIGNING|EVENT)_KEY)=["']?[^\s"'$]/g)].map(([, name]) => name);
  const passed = [...line.matchAll(/(?:-e|--env)[\s=]["']?(INNGEST_(?:SIGNING|EVENT)_KEY)=/g)].map(([, name]) => name);
  const url = urlWithPassword.test(line) ? ["a URL with a password"] : [];
  return [...new Set([...flags, ...written, ...passed, ...url])] as string[];
}
