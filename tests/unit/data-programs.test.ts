// Proves what the programs that are brought to a stack's data are made of, and what their janitor writes down. What they
// do to data is for retention.test.ts and the integration suites.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { JanitorRequest, LastSweep } from "../../lib/data/requests.ts";
import { dataPrograms, pathOf, runtimeFiles, sourcesOf } from "../../lib/runtime-files.ts";
import { recordFailure, sweepAndReport } from "../../runtime/sweep/report.ts";

describe("the data programs", () => {
  test("import nothing but Node's own modules and files that come with them", () => {
    const imports = Object.entries(runtimeFiles()).flatMap(([path, text]) =>
      [...text.matchAll(/^(?:import|export)[^"]*? from "([^"]+)"|import\("([^"]+)"\)|^import "([^"]+)"/gm)].map(
        (match) => [path, match.slice(1).find(Boolean) as string] as const,
      ),
    );
    expect(imports.length).toBeGreaterThan(50);
    const outside = imports.filter(
      ([, name]) => !name.startsWith(".") && !(name.startsWith("node:") && isBuiltin(name)),
    );
    expect(outside).toEqual([]);
  });

  test("are made of runtime/, lib/data and four files of lib", () => {
    const allowed = /^(runtime\/|lib\/data\/|lib\/(alarm|problem|process|wait)\.ts$)/;
    expect(Object.keys(sourcesOf(...dataPrograms.map(pathOf))).filter((path) => !allowed.test(path))).toEqual([]);
  });
});

describe("the janitor", () => {
  let folder: string;
  let request: JanitorRequest & { reportFile: string };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "janitor-"));
    request = { database: join(folder, "main.db"), reportFile: join(folder, "janitor", "last-sweep.json") };
    const database = new DatabaseSync(join(folder, "main.db"));
    database.exec(`CREATE TABLE function_runs (run_id BLOB); CREATE TABLE function_finishes (run_id BLOB);
      CREATE TABLE trace_runs (run_id BLOB, status INT)`);
    database.close();
    vi.spyOn(console, "log").mockReturnValue();
    vi.spyOn(console, "error").mockReturnValue();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });
  const lastSweep = () => JSON.parse(readFileSync(request.reportFile, "utf8")) as LastSweep;

  test("writes the report of a sweep to a file that only its user reads, and one line of JSON to its log", async () => {
    await sweepAndReport(request);
    const { at, report } = lastSweep();
    expect(report).toMatchObject({ at, inFlight: 0, orphaned: [], ended: 0 });
    expect(Date.now() - Date.parse(at)).toBeLessThan(10_000);
    expect(statSync(request.reportFile).mode & 0o777).toBe(0o600);
    expect(vi.mocked(console.log).mock.calls).toEqual([[JSON.stringify({ ...report, orphaned: 0 })]]);
  });

  test("replaces the report by the reason when a sweep fails", async () => {
    await sweepAndReport(request);
    recordFailure(request, new Error("no room is left"));
    expect(lastSweep()).toEqual({ at: expect.stringMatching(/^20\d\d-.*Z$/), failed: "no room is left" });
  });

  test("completes a sweep whose report cannot be written", async () => {
    writeFileSync(join(folder, "janitor"), "in the way");
    await sweepAndReport(request);
    expect(console.log).toHaveBeenCalledOnce();
    expect(console.error).toHaveBeenCalledWith(
      expect.stringMatching(/^the result of the sweep could not be written: /),
    );
  });
});
