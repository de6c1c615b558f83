// Proves which lock files of Pulumi's file backend are read. Stale and held locks of a real CLI are for the integration suite.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { locksIn } from "../../cli/lib/stack-lock.ts";
import { Home } from "../support/host.ts";

let folder: string;
let home: Home;
beforeEach(() => {
  home = new Home();
  folder = home.folder;
});
afterEach(() => home.dispose());

test("a stack's locks are the lock files that can be read", () => {
  expect(locksIn(join(folder, "none"))).toEqual([]);
  writeFileSync(join(folder, "1.json"), '{"pid": 1, "hostname": "here"}');
  writeFileSync(join(folder, "2.json"), "{");
  writeFileSync(join(folder, "1.json.attrs"), '{"user.cache_control": ""}');
  expect(locksIn(folder)).toEqual([{ pid: 1, hostname: "here" }]);
});
