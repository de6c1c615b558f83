// Proves which environments are accepted, what is read from them, and the errors for the others; not that the process exits with
// them, which tests/integration/boot.test.ts does.
import { expect, test } from "vitest";
import { EnvironmentError, readEnvironment, type Variables } from "../../environment.ts";

const good: Variables = {
  INNGEST_BASE_URL: "http://127.0.0.1:8288",
  INNGEST_SIGNING_KEY: "00ff",
  INNGEST_EVENT_KEY: "any",
  INNGEST_SERVE_ORIGIN: "http://127.0.0.1:3111",
};

function problemsOf(variables: Variables): readonly string[] {
  try {
    readEnvironment(variables);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.message.split("\n");
    throw error;
  }
  return [];
}

test("the environment needs four variables and has defaults for the rest", () => {
  expect(readEnvironment(good)).toMatchObject({ port: 3111, hosts: ["127.0.0.1"], work: "both", transport: "serve" });
});

test("the environment names every missing variable, what it must be, and where it comes from", () => {
  const problems = problemsOf({});
  expect(problems).toHaveLength(4);
  for (const name of Object.keys(good)) {
    expect(problems).toContainEqual(expect.stringMatching(new RegExp(`^${name} is not set: it must be .+; .+\\.$`)));
  }
});

test.each([
  ["INNGEST_BASE_URL", "localhost:8288"],
  ["INNGEST_SIGNING_KEY", "signkey-dev-00ff"],
  ["INNGEST_SIGNING_KEY", "abc"],
  ["INNGEST_SIGNING_KEY_FALLBACK", "not hex"],
  ["INNGEST_SERVE_ORIGIN", "ftp://127.0.0.1"],
  ["PORT", "0"],
  ["PORT", "70000"],
  ["PORT", "abc"],
  ["CHECKPOINT_STEPS", "1.5"],
  ["CHECKPOINT_STEPS", "1001"],
  ["WORK", "most"],
  ["TRANSPORT", "pigeon"],
  ["REDIS_URL", "127.0.0.1:6379"],
  ["CLAIM_STORE", "ftp://127.0.0.1/claims"],
  ["AI_BASE_URL", "127.0.0.1:11434"],
  ["WEBHOOK_SECRETS", "no-secret-here"],
  ["INNGEST_CONNECT_GATEWAY_URL", "http://127.0.0.1:8289"],
])("the environment rejects %s=%s by name, without its value", (name, value) => {
  const problems = problemsOf({ ...good, AI_MODEL: "small", [name]: value });
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} is malformed`))]);
  expect(problems[0]).not.toContain(`"${value}"`);
});

test.each(["1", "true", "http://127.0.0.1:8288"])(
  "the environment rejects INNGEST_DEV=%s because it turns signature checks off",
  (value) => {
    expect(problemsOf({ ...good, INNGEST_DEV: value })).toEqual([expect.stringContaining("signature checks off")]);
  },
);

test("the environment accepts INNGEST_DEV=0", () => {
  expect(problemsOf({ ...good, INNGEST_DEV: "0" })).toEqual([]);
});

test("the environment needs no origin for a worker that connects", () => {
  const { INNGEST_SERVE_ORIGIN: _, ...others } = good;
  expect(problemsOf({ ...others, TRANSPORT: "connect" })).toEqual([]);
  expect(problemsOf(others)).toEqual([expect.stringMatching(/^INNGEST_SERVE_ORIGIN is not set/)]);
});

test("the environment splits HOST at commas", () => {
  expect(readEnvironment({ ...good, HOST: " 127.0.0.1, 172.17.0.1 " }).hosts).toEqual(["127.0.0.1", "172.17.0.1"]);
});

test("the environment needs a model's name with AI_BASE_URL", () => {
  expect(problemsOf({ ...good, AI_BASE_URL: "http://127.0.0.1:11434/v1" })).toEqual([
    expect.stringMatching(/^AI_MODEL is not set/),
  ]);
});

test("the environment needs credentials for a bucket", () => {
  expect(problemsOf({ ...good, CLAIM_STORE: "s3://bucket" })).toEqual([
    expect.stringMatching(/^AWS_ACCESS_KEY_ID is not set/),
    expect.stringMatching(/^AWS_SECRET_ACCESS_KEY is not set/),
  ]);
});

test("the environment reports required variables together with malformed ones", () => {
  const { INNGEST_EVENT_KEY: _, INNGEST_SERVE_ORIGIN: __, ...others } = good;
  const problems = problemsOf({
    ...others,
    INNGEST_DEV: "1",
    INNGEST_BASE_URL: "localhost:8288",
    TRANSPORT: "pigeon",
    PORT: "abc",
    AI_BASE_URL: "127.0.0.1:11434",
    CLAIM_STORE: "s3://bucket",
  });
  expect(problems.map((problem) => problem.split(":")[0]).toSorted()).toEqual([
    "AI_BASE_URL is malformed",
    "AI_MODEL is not set",
    "AWS_ACCESS_KEY_ID is not set",
    "AWS_SECRET_ACCESS_KEY is not set",
    "INNGEST_BASE_URL is malformed",
    "INNGEST_DEV is set",
    "INNGEST_EVENT_KEY is not set",
    "INNGEST_SERVE_ORIGIN is not set",
    "PORT is malformed",
    "TRANSPORT is malformed",
  ]);
});

test("the environment reads a secret for each webhook source", () => {
  const { webhookSecrets } = readEnvironment({ ...good, WEBHOOK_SECRETS: "forge=a=b, shop=c" });
  expect([...webhookSecrets]).toEqual([
    ["forge", "a=b"],
    ["shop", "c"],
  ]);
});
