import { envValueProblem } from "../render/env-file.ts";

/** What is wrong with the URL of a Redis, or `undefined`. Never quotes it. */
export function redisUrlProblem(value: string): string | undefined {
  if (!isUrl(value, ["redis:", "rediss:"])) {
    return "must be a URL such as redis://:password@host:6379, and its value is not";
  }
  const problem = envValueProblem(value);
  return problem && `${problem}, and its value does: write such signs as %XX`;
}

/** What is wrong with the URL of a Postgres, or `undefined`. Never quotes it. */
export function postgresUrlProblem(value: string): string | undefined {
  if (isUrl(value, ["postgres:", "postgresql:"])) return undefined;
  return "must be a URL such as postgres://user:password@host:5432/inngest, and its value is not";
}

function isUrl(value: string, protocols: string[]): boolean {
  const url = URL.parse(value);
  return url !== null && protocols.includes(url.protocol) && url.hostname !== "";
}
