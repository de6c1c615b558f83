// Proves what the SDK's debug messages say of an answer. That the SDK says nothing else of it is shown by the event log
// in tests/integration/leaks.test.ts.
import resource from "@pulumi/pulumi/proto/resource_pb.js";
import { expect, test } from "vitest";
import { keepSecretsOutOfDebugLog } from "../../components/debug-log.ts";

test("an answer of the engine has no content as text", () => {
  const answer = new resource.RegisterResourceResponse();
  answer.setUrn("hunter2");
  expect(`resp: ${answer}`).toContain("hunter2");
  keepSecretsOutOfDebugLog();
  expect(`resp: ${answer}`).toBe("resp: [answer]");
});
