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
const ofTheMachine: ServiceDefinition = {
  ...worker,
  environment: { PATH: "/usr/bin:/bin" },
  dataDir: "/var/lib/inngest-local/dev",
  log: "/var/lib/inngest-local/dev/logs/worker.log",
  user: "person",
};

describe("reviewed files", () => {
  test.each<[string, string]>([
    ["launchd-agent.plist", renderPlist(worker)],
    ["launchd-daemon.plist", renderPlist(ofTheMachine)],
    ["launchd-log-keeper.plist", renderLogKeeperPlist(worker, logKeeper(worker.log))],
    ["systemd-user.service", renderUnit(worker, { version: 257 })],
    ["systemd-user-252.service", renderUnit(worker, { version: 252 })],
    ["systemd-system.service", renderUnit(ofTheMachine, { version: 252 })],
    ["systemd-system-loopback.service", renderUnit({ ...ofTheMachine, loopbackOnly: true }, { version: 252 })],
  ])("%s", async (file, text) => {
    await expect(text).toMatchFileSnapshot(`../rendered/${file}`);
  });
});

/** Any text that XML 1.0 can carry, with many of the characters that need care. */
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly what XML 1.0 forbids
  .filter((text) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u.test(text));
/** What a path or an argument can be in practice: anything printable. */
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
  ? " (skipped: no plistutil, of libplist-utils, is here)"
  : !onPath("python3")
    ? " (skipped: no python3 is here)"
    : "";

describe(`a property list${withoutPlistTools}`, () => {
  test.skipIf(withoutPlistTools)(
    "means the same to libplist and to Python's parser, whatever its values hold",
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

  test("refuses what XML cannot carry", () => {
    expect(() => renderPlist({ ...worker, workingDirectory: "/a\u0007b" })).toThrow(
      'a property list cannot carry the control character in "/a\\u0007b"',
    );
  });
});

/** libplist's reading, as a binary property list. */
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

const withoutSystemd = onPath("systemd-analyze") ? "" : " (skipped: no systemd-analyze is here)";

describe(`a unit${withoutSystemd}`, () => {
  /** What systemd has to say about units; empty when it takes them as they are. */
  function complaints(units: { text: string; label: string }[]): string {
    const files = units.map(({ text, label }) => {
      const file = join(scratch, `${label}.service`);
      writeFileSync(file, text);
      return file;
    });
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...files], {
      encoding: "utf8",
    });
    // What this machine's own units are told is none of ours.
    const ours = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => line.includes(scratch) || /inngest|unit-\d/.test(line));
    return `${ours.join("\n")}${status === 0 ? "" : `exit code ${status}`}`;
  }

  test.skipIf(withoutSystemd)(
    "is taken by systemd-analyze verify, whatever its values hold",
    () => {
      fc.assert(
        fc.property(fc.array(definitions(word), { minLength: 20, maxLength: 40 }), (services) => {
          const units = services.map((service, index) => ({
            label: `unit-${index}`,
            text: renderUnit(service, { version: 252 }),
          }));
          expect(complaints(units)).toBe("");
        }),
        { numRuns: 5 },
      );
    },
    60_000,
  );

  test.skipIf(withoutSystemd)("that is wrong is told so: this check can fail", () => {
    const text = renderUnit({ ...worker, command: ["/bin/true"] }, { version: 252 });
    const misspelt = { label: "unit-1", text: text.replace("KillMode=mixed", "KillMode=mixd") };
    expect(complaints([misspelt])).toContain("Failed to parse kill mode specification, ignoring: mixd");
  });

  test.skipIf(withoutSystemd)("of the machine has an exposure of at most 2.0", () => {
    const file = join(scratch, "exposure.service");
    const score = (text: string) => {
      writeFileSync(file, text);
      const args = ["security", "--offline=true", "--no-pager", file];
      const report = execFileSync("systemd-analyze", args, { encoding: "utf8" });
      return Number(/exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
    };
    const system = renderUnit(ofTheMachine, { version: 252 });
    expect(score(system)).toBeLessThanOrEqual(2);
    // The score does see what is missing.
    expect(score(system.replace("CapabilityBoundingSet=\n", ""))).toBeGreaterThan(2);
    expect(score(renderUnit(worker, { version: 252 }))).toBeGreaterThan(2);
  });

  test("keeps what systemd would expand or take apart", () => {
    const odd = '100% of $HOME, \\ "a"\n';
    const text = renderUnit(
      { ...worker, command: ["/opt/a $b/node", odd], environment: { ODD: odd } },
      { version: 252 },
    );
    expect(text).toContain('ExecStart="/opt/a $b/node" "100%% of $$HOME, \\\\ \\"a\\"\\x0a"\n');
    expect(text).toContain('Environment="ODD=100%% of $HOME, \\\\ \\"a\\"\\x0a"\n');
  });

  test("refuses what its lines cannot carry", () => {
    expect(() => renderUnit({ ...worker, workingDirectory: "/a\nExecStartPre=/b" }, { version: 252 })).toThrow(
      'a unit file cannot carry "/a\\nExecStartPre=/b"',
    );
    expect(() => renderUnit({ ...worker, command: ["/bin/true", "a\u{fdd0}"] }, { version: 252 })).toThrow(
      'a unit file cannot carry "a\u{fdd0}"',
    );
  });
});

describe("the name of a service", () => {
  test("is that of its stack and its own", () => {
    expect(serviceLabel("dev", "server")).toBe("inngest-local.dev.server");
  });

  test.each(["a stack", "büro", "../../etc", "a/b", "a@b", "x".repeat(200), "a\nb"])("cannot be of %j", (stack) => {
    expect(() => serviceLabel(stack, "server")).toThrow(
      "the name of a service must be at most 200 letters, digits, dots, dashes and underscores, because launchd and " +
        `systemd know it by that; got ${JSON.stringify(`inngest-local.${stack}.server`)}. Remedy: name the stack (or the service) so`,
    );
  });
});
