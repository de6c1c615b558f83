// Proves that property lists and units say what they should, to parsers that are not ours: libplist's and Python's for
// property lists, systemd's own for units. That launchd and systemd act on them is for
// tests/integration/supervision-systemd.test.ts and for the macOS job of .github/workflows/launchd.yml.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { onPath } from "../../lib/host/programs.ts";
import { renderLogKeeperPlist, renderPlist } from "../../lib/host/supervisors/launchd-plist.ts";
import { logKeeper } from "../../lib/host/supervisors/log-keeper.ts";
import { type ServiceDefinition, serviceLabel } from "../../lib/host/supervisors/service.ts";
import { renderUnit } from "../../lib/host/supervisors/systemd-unit.ts";

const scratch = mkdtempSync(join(tmpdir(), "definitions-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const dataDir = "/home/person/.local/share/inngest-local/stacks/dev";
const worker: ServiceDefinition = {
  label: "inngest-local.dev.worker",
  description: "Inngest worker of stack dev",
  command: ["/home/person/project/node_modules/node/bin/node", `--env-file=${dataDir}/worker/worker.env`, "serve.ts"],
  workingDirectory: "/home/person/project/worker",
  environment: { HOME: "/home/person", PATH: "/usr/local/bin:/usr/bin:/bin" },
  dataDir,
  record: `${dataDir}/run/worker.json`,
  log: `${dataDir}/logs/worker.log`,
  stopGraceSeconds: 60,
};
const systemWorker: ServiceDefinition = {
  ...worker,
  environment: { PATH: "/usr/bin:/bin" },
  dataDir: "/var/lib/inngest-local/dev",
  log: "/var/lib/inngest-local/dev/logs/worker.log",
  user: "person",
};

/** What a service has to say about others of its stack. */
const others = { after: ["inngest-local.dev.queue"], restarts: ["inngest-local.dev.server"] };

describe("a reviewed file", () => {
  test.each<[string, string]>([
    ["launchd-agent.plist", renderPlist(worker)],
    ["launchd-daemon.plist", renderPlist(systemWorker)],
    ["launchd-log-keeper.plist", renderLogKeeperPlist(worker, logKeeper(worker.log))],
    ["systemd-user.service", renderUnit(worker, { version: 257 })],
    ["systemd-user-252.service", renderUnit(worker, { version: 252 })],
    ["systemd-user-others.service", renderUnit({ ...worker, ...others }, { version: 257 })],
    ["systemd-system-others.service", renderUnit({ ...systemWorker, ...others }, { version: 252 })],
    ["systemd-system.service", renderUnit(systemWorker, { version: 252 })],
    ["systemd-system-loopback.service", renderUnit({ ...systemWorker, loopbackOnly: true }, { version: 252 })],
  ])("%s", async (file, text) => {
    await expect(text).toMatchFileSnapshot(`../rendered/${file}`);
  });
});

/** Any text that XML 1.0 can contain, with many of the characters that need escaping. */
const xmlText = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."<&>\"'%$\\ ]\t\n\r", "]]>", "&amp;", "é", "日本", "🙂"),
      fc.string({ unit: "binary" }),
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(""))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 forbids
  .filter((text) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(text));
/** A path or an argument: any printable text. */
const word = xmlText.filter(
  (text) => text !== "" && !/\p{Cc}|\p{Noncharacter_Code_Point}/u.test(text) && text.trim() === text,
);

function definitions(text: fc.Arbitrary<string>): fc.Arbitrary<ServiceDefinition> {
  return fc.record({
    label: fc.stringMatching(/^[a-z][\w.-]{0,20}$/),
    description: fc.constant("a service"),
    command: fc.array(text, { maxLength: 4 }).map((args): [string, ...string[]] => ["/bin/true", ...args]),
    workingDirectory: fc.constant("/"),
    environment: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), text, { maxKeys: 4 }),
    dataDir: fc.constant("/data"),
    record: fc.constant("/data/run/x.json"),
    log: fc.constant("/data/logs/x.log"),
    stopGraceSeconds: fc.nat(600),
    user: fc.option(fc.constant("person"), { nil: undefined }),
  });
}

const withoutPlistTools = !onPath("plistutil")
  ? " (skipped: no plistutil, from libplist-utils)"
  : !onPath("python3")
    ? " (skipped: no python3)"
    : "";

describe(`a property list${withoutPlistTools}`, () => {
  test.skipIf(withoutPlistTools)(
    "is read alike by libplist and by Python, whatever its values contain",
    () => {
      fc.assert(
        fc.property(fc.array(definitions(xmlText), { minLength: 20, maxLength: 40 }), (jobs) => {
          const expected = jobs.map((job) => ({
            Label: job.label,
            ProgramArguments: job.command,
            EnvironmentVariables: job.environment,
          }));
          const texts = jobs.map(renderPlist);
          expect(readByPython(texts)).toEqual(expected);
          expect(readByPython(texts.map(readByLibplist))).toEqual(expected);
        }),
        { numRuns: 5 },
      );
    },
    60_000,
  );

  test("refuses a character that XML cannot contain", () => {
    expect(() => renderPlist({ ...worker, workingDirectory: "/a\u0007b" })).toThrow(
      'a property list cannot contain the control character in "/a\\u0007b"',
    );
  });
});

/** Converts a property list to a binary one with libplist. */
function readByLibplist(text: string): Buffer {
  const [xml, binary] = [join(scratch, "in.plist"), join(scratch, "out.plist")];
  writeFileSync(xml, text);
  execFileSync("plistutil", ["-i", xml, "-o", binary, "-f", "bin"]);
  return execFileSync("cat", [binary]);
}

function readByPython(lists: (string | Buffer)[]): unknown {
  const program =
    "import base64, json, plistlib, sys\n" +
    "keys = ['Label', 'ProgramArguments', 'EnvironmentVariables']\n" +
    "lists = [plistlib.loads(base64.b64decode(line)) for line in sys.stdin]\n" +
    "print(json.dumps([{key: p[key] for key in keys} for p in lists]))";
  const input = lists.map((list) => Buffer.from(list).toString("base64")).join("\n");
  return JSON.parse(execFileSync("python3", ["-c", program], { input, encoding: "utf8", maxBuffer: 64 << 20 }));
}

const withoutSystemd = onPath("systemd-analyze") ? "" : " (skipped: no systemd-analyze)";

describe(`a unit${withoutSystemd}`, () => {
  /** Complaints of systemd about units; empty when there are none. */
  function complaints(units: { text: string; label: string }[]): string {
    const files = units.map(({ text, label }) => {
      const file = join(scratch, `${label}.service`);
      writeFileSync(file, text);
      return file;
    });
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...files], {
      encoding: "utf8",
    });
    // Complaints about this machine's own units do not count.
    const relevant = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => line.includes(scratch) || /inngest|unit-\d/.test(line));
    return `${relevant.join("\n")}${status === 0 ? "" : `exit code ${status}`}`;
  }

  test.skipIf(withoutSystemd)(
    "passes systemd-analyze verify, whatever its values contain",
    () => {
      fc.assert(
        fc.property(fc.array(definitions(word), { minLength: 20, maxLength: 40 }), (services) => {
          const units = services.map((service, index) => ({
            label: `unit-${index}`,
            text: renderUnit({ ...service, ...others }, { version: 252 }),
          }));
          expect(complaints(units)).toBe("");
        }),
        { numRuns: 5 },
      );
    },
    60_000,
  );

  test.skipIf(withoutSystemd)("with a misspelt value fails systemd-analyze verify, so that check can fail", () => {
    const text = renderUnit({ ...worker, command: ["/bin/true"] }, { version: 252 });
    const misspelt = { label: "unit-1", text: text.replace("KillMode=mixed", "KillMode=mixd") };
    expect(complaints([misspelt])).toContain("Failed to parse kill mode specification, ignoring: mixd");
  });

  test.skipIf(withoutSystemd)("has an exposure of at most 2.0 as a system unit", () => {
    const file = join(scratch, "exposure.service");
    const score = (text: string) => {
      writeFileSync(file, text);
      const args = ["security", "--offline=true", "--no-pager", file];
      const report = execFileSync("systemd-analyze", args, { encoding: "utf8" });
      return Number(/exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
    };
    const system = renderUnit(systemWorker, { version: 252 });
    expect(score(system)).toBeLessThanOrEqual(2);
    // The score depends on the sandbox.
    expect(score(system.replace("CapabilityBoundingSet=\n", ""))).toBeGreaterThan(2);
    expect(score(renderUnit(worker, { version: 252 }))).toBeGreaterThan(2);
  });

  test("escapes what systemd would expand or split", () => {
    const odd = '100% of $HOME, \\ "a"\n';
    const text = renderUnit(
      { ...worker, command: ["/opt/a $b/node", odd], environment: { ODD: odd } },
      { version: 252 },
    );
    expect(text).toContain('ExecStart="/opt/a $b/node" "100%% of $$HOME, \\\\ \\"a\\"\\x0a"\n');
    expect(text).toContain('Environment="ODD=100%% of $HOME, \\\\ \\"a\\"\\x0a"\n');
  });

  test("refuses a character that its lines cannot contain", () => {
    expect(() => renderUnit({ ...worker, workingDirectory: "/a\nExecStartPre=/b" }, { version: 252 })).toThrow(
      'a unit file cannot contain "/a\\nExecStartPre=/b"',
    );
    expect(() => renderUnit({ ...worker, command: ["/bin/true", "a\u{fdd0}"] }, { version: 252 })).toThrow(
      'a unit file cannot contain "a\u{fdd0}"',
    );
  });
});

describe("a service's label", () => {
  test("is made of the stack's and the service's name", () => {
    expect(serviceLabel("dev", "server")).toBe("inngest-local.dev.server");
  });

  test.each(["a stack", "büro", "../../etc", "a/b", "a@b", "x".repeat(200), "a\nb"])(
    "is refused for the stack %j",
    (stack) => {
      expect(() => serviceLabel(stack, "server")).toThrow(
        "a service's name in launchd and systemd must be at most 200 letters, digits, dots, dashes and underscores, " +
          `got ${JSON.stringify(`inngest-local.${stack}.server`)}. Remedy: rename the stack (or the service)`,
      );
    },
  );
});
