import type { z } from "zod";

/** The message of whatever was thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The first problem that a schema has found, such as `url: must be an http:// or https:// address`. */
export function firstIssueOf({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join(".")}: ${issue?.message}`;
}
