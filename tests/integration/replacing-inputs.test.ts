// Proves that the table of inputs by which providers replace resources is that of the pinned plugins. Does not prove
// that the plugins do what their schemas say, which diff-and-engine.test.ts tries on some settings.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { missing, title } from "../../tools/engine.ts";
import { replacingInputs, tablePath } from "../../tools/replacing-inputs.ts";

const reason = await missing("pulumi");

test.skipIf(reason)(title("the table of inputs that replace resources is current", reason), async () => {
  expect(JSON.parse(readFileSync(tablePath, "utf8"))).toEqual(await replacingInputs());
});
