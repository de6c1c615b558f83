// Runs both functions in the SDK's test engine. Proves the marks and their count; not the kills that `npm run verify` adds.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyProbe } from "../../functions/verify-probe.ts";
import { verifyProbeChained } from "../../functions/verify-probe-chained.ts";
import { mark } from "../../probe/marks.ts";
import { startRun } from "../support/engine.ts";
import { dataDirectory } from "../support/folder.ts";

test("verify-probe leaves a mark per step, and verify-probe-chained counts and removes them", async () => {
  const folder = dataDirectory();
  await mark("other", "first");
  const sent = { chain: { ids: ["1"] } };
  const { error } = await startRun(verifyProbe, [{ name: "verify/probe", data: { probe: "p" } }], sent).attempt();
  expect(error).toBeUndefined();
  // Like a step that was executed but whose result never reached the server.
  await mark("p", "first");
  const { result } = await startRun(verifyProbeChained, [
    { name: "verify/probe.chained", data: { probe: "p" } },
  ]).attempt();
  expect(result).toEqual({ probe: "p", marks: { first: 2, last: 1, chained: 1 } });
  expect(readdirSync(join(folder, "claims"))).toEqual([expect.stringContaining("verify.other.first.")]);
});
