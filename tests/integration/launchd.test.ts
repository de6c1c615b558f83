// The real scripts against whatever launchctl is on PATH: on macOS the real one (.github/workflows/launchd.yml runs
// this). supervision-launchd.test.ts has the finer points, against a stand-in. Does not prove: a reboot.
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onPath } from "../../lib/host/programs.ts";
import type { Scope } from "../../lib/host/supervisors/service.ts";
import { title } from "../../tools/engine.ts";
import { eventually } from "../../tools/test-stack.ts";
import { answerOf, freePort, Home, type Outcome, tinyService } from "../support/host.ts";

const run = promisify(execFile);
const label = "inngest-local.test.server";
const uid = process.getuid?.() ?? 0;
const withoutLaunchd = onPath("launchctl") ? undefined : "no launchd: this is not macOS";
const withoutRoot = withoutLaunchd ?? (uid === 0 ? undefined : "a daemon is root's to add");

describe.each<[string, Scope, string, string | undefined]>([
  ["agent", "user", `gui/${uid}/${label}`, withoutLaunchd ?? (uid === 0 ? "root has no login session" : undefined)],
  ["daemon", "system", `system/${label}`, withoutRoot],
])("launchd %s", (name, scope, target, reason) => {
  describe.skipIf(reason)(title("for real", reason), () => {
    let home: Home;
    let port: number;
    let dataDir: string | undefined;
    const service = (mode = "polite") =>
      tinyService(port, {
        supervision: { supervisor: "auto", scope },
        dataDir,
        environment: { MODE: mode },
        stopGraceSeconds: 5,
      });
    const plist = () =>
      scope === "user"
        ? join(home.folder, "Library", "LaunchAgents", `${label}.plist`)
        : `/Library/LaunchDaemons/${label}.plist`;
    const succeeds = ({ code, stderr }: Outcome) => expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const pidOther = (than: number | undefined) =>
      eventually(20_000, async () => {
        const pid = (await answerOf(port))?.pid;
        expect(pid).toBeGreaterThan(0);
        expect(pid).not.toBe(than);
        return pid as number;
      });
    const observe = async () =>
      (await home.node(["scripts/observe.ts", "test", "server", ...(dataDir ? [dataDir] : [])])).stdout;

    beforeAll(async () => {
      home = new Home();
      port = await freePort();
      if (scope === "system") dataDir = mkdtempSync(join(tmpdir(), "daemon-"));
    });
    afterAll(async () => {
      await home.dispose();
      if (dataDir) rmSync(dataDir, { recursive: true });
    });

    test("is installed, well-formed, and says what it survives", async () => {
      const outcome = await home.reconcile(service());
      succeeds(outcome);
      expect(outcome.stdout).toContain(`launchd ${name}: back after a crash`);
      if (onPath("plutil")) await run("plutil", ["-lint", plist()]);
      expect((await run("launchctl", ["print", target])).stdout).toContain(`path = ${plist()}`);
      expect(await observe()).toBe("first");
    });

    test("is back after a SIGKILL and after a kickstart, and is no change", async () => {
      const first = await pidOther(undefined);
      process.kill(first, "SIGKILL");
      const second = await pidOther(first);
      await run("launchctl", ["kickstart", "-k", target]);
      await pidOther(second);
      await eventually(5000, async () => expect(await observe()).toBe("first"));
    });

    test("runs another command in its place, also one that has to be killed", async () => {
      for (const mode of ["stubborn", "polite"]) {
        const before = await pidOther(undefined);
        succeeds(await home.reconcile(service(mode)));
        await pidOther(before);
      }
    });

    test("that somebody booted out is a change, which the next start repairs", async () => {
      await run("launchctl", ["bootout", target]).catch(() => undefined);
      await eventually(10_000, async () => expect(await observe()).not.toBe("first"));
      succeeds(await home.reconcile(service()));
      expect(await observe()).toBe("first");
    });

    test("is removed without a trace, twice", async () => {
      for (const _ of ["once", "twice"]) {
        succeeds(await home.remove(service()));
        expect(existsSync(plist())).toBe(false);
        await expect(run("launchctl", ["print", target])).rejects.toThrow();
        expect(await answerOf(port)).toBeUndefined();
      }
    });
  });
});
