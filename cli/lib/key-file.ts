/** Variables of a file of `NAME=value` lines, as a shell reads them: the last line of a name counts. */
export function parseKeyFile(text: string): Record<string, string> {
  const lines = text.matchAll(/^\s*(?:export\s+)?(\w+)=(["']?)(.*?)\2\s*$/gm);
  return Object.fromEntries([...lines].map(([, name, , value]) => [name, value]));
}
