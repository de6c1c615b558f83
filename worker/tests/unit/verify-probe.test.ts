import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyProbe } from "../../functions/verify-probe.ts";
import { verifyProbeChained } from "../../functions/verify-probe-chained.ts";
import { mark } from "../../probe/marks.ts";
import { startRun } from "../support/engine.ts";
import { dataDirectory } from "../support/folder.ts";

test("a probe's steps leave a mark each, and the chained function counts them and takes them away", async () => {
  const folder = dataDirectory();
  await mark("other", "first");
  const sent = { chain: { ids: ["1"] } };
  const { error } = await startRun(verifyProbe, [{ name: "verify/probe", data: { probe: "p" } }], sent).attempt();
  expect(error).toBeUndefined();
  // As a step that was executed, and lost before its end reached the server.
  await mark("p", "first");
  const { result } = await startRun(verifyProbeChained, [
    { name: "verify/probe.chained", data: { probe: "p" } },
  ]).attempt();
  expect(result).toEqual({ probe: "p", marks: { first: 2, last: 1, chained: 1 } });
  expect(readdirSync(join(folder, "claims"))).toEqual([expect.stringContaining("verify.other.first.")]);
});
