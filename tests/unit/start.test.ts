// Proves what `npm start` asks before it creates a stack on a backend of the user's, and its last lines. Does not prove the
// answer at a real terminal, nor a real backend that people log in to.
import { describe, expect, test, vi } from "vitest";
import { UsageProblem } from "../../cli/lib/command.ts";
import { approveBackend } from "../../cli/start/approve-backend.ts";
import { lastLines } from "../../cli/start/last-lines.ts";
import { outputsWith, settingsWith } from "../support/live-stack.ts";

describe("a backend", () => {
  const backend = (organization?: string, isOwnBackend = false) => ({
    isOwnBackend,
    whoami: async () => ({ user: "sam", url: "https://pulumi.example", organizations: ["acme"] }),
    capture: async () => {
      const stdout = `${organization ?? "No Default Org Specified"}\n`;
      return { exitCode: 0, stdout, output: stdout };
    },
  });

  test("of the user's is named, and needs --yes without a terminal", async () => {
    await expect(approveBackend(backend(), "dev")).rejects.toThrow(
      new UsageProblem("no terminal to ask on: say --yes to create stack dev on https://pulumi.example as sam"),
    );
    await expect(approveBackend(backend("acme"), "dev")).rejects.toThrow(
      "say --yes to create stack dev on https://pulumi.example as sam in organisation acme",
    );
  });

  test("is named with --yes too", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    await approveBackend(backend("acme"), "dev", true);
    expect(log.mock.calls).toEqual([
      ["Approved by --yes: create stack dev on https://pulumi.example as sam in organisation acme."],
    ]);
    log.mockRestore();
  });

  test("of this project's own needs no approval", async () => {
    await approveBackend(backend(undefined, true), "dev");
  });
});

describe("the last lines", () => {
  const outputs = outputsWith({ dashboardUrl: "http://localhost:8288" });

  test("name what a person needs, the demo last", () => {
    expect(lastLines(settingsWith({}, [], "dev"), outputs)).toBe(
      "Durability  all of it is kept.\n" +
        "Dashboard   http://localhost:8288\n" +
        `Event       npm run send -- project/changed '{"project": "garden", "summary": "planted"}'\n` +
        "Logs        npm run logs -- --stack dev\n" +
        "Stop        npm run destroy -- --stack dev\n" +
        "Demo        npm run demo",
    );
  });

  test("name the stack where it is not the default", () => {
    const lines = lastLines(settingsWith({}, [], "mine"), outputs).split("\n");
    expect(lines[2]).toMatch(/^Event {7}npm run send -- --stack mine project\/changed /);
    expect(lines.at(-1)).toBe("Demo        npm run demo -- --stack mine");
  });

  test("have neither event nor demo for an app of the user's own", () => {
    const values = { runtime: "external", workerUrl: "http://localhost:3000/api/inngest" };
    expect(lastLines(settingsWith(values, [], "dev"), outputs)).not.toMatch(/^(Event|Demo)/m);
  });
});
