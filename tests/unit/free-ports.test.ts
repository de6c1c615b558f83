// Proves which ports a stack that is not up gets where its default ones are taken, and what is said; which ports are taken
// is made up. Does not prove that a stack that is up keeps its own: tests/integration/take-over.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findFreePorts } from "../../cli/lib/free-ports.ts";
import { takeFreePorts } from "../../cli/start/ports.ts";

const taken = new Set<number>();
vi.mock("../../lib/host/ports.ts", async (original) => ({
  ...(await original<object>()),
  isTaken: async ({ port }: { port: number }) => taken.has(port),
  holderOf: async (port: number) => ({ pid: port, command: "caddy" }),
}));
vi.mock("../../lib/places/docker-engine.ts", async (original) => ({
  ...(await original<object>()),
  publishedPorts: async () => [],
}));

const root = process.cwd();
let folder: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ports-"));
  process.chdir(folder);
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line) => void lines.push(line));
});
afterEach(() => {
  process.chdir(root);
  rmSync(folder, { recursive: true });
  taken.clear();
  vi.restoreAllMocks();
});

const settings = (...more: string[]) =>
  ["# Mine.", "config:", "  inngest-local:runtime: external", ...more, ""].join("\n");
const external = "  inngest-local:workerUrl: http://localhost:3000/api/inngest";

test("a stack whose ports are free keeps them", async () => {
  writeFileSync("Pulumi.dev.yaml", settings(external));
  await takeFreePorts("dev");
  expect(readFileSync("Pulumi.dev.yaml", "utf8")).toBe(settings(external));
  expect(lines).toEqual([]);
});

test.each([8288, 8291])("a stack whose port %i is taken gets the next free block, in its file", async (port) => {
  for (const each of [port, 8294]) taken.add(each);
  writeFileSync("Pulumi.dev.yaml", settings(external));
  await takeFreePorts("dev");
  expect(readFileSync("Pulumi.dev.yaml", "utf8")).toBe(settings(external, "  inngest-local:port: 8296"));
  expect(lines).toEqual([
    `Port ${port} is taken by caddy (pid ${port}), so stack dev gets \`port\` 8296, now in Pulumi.dev.yaml.`,
  ]);
});

test("a port that the file sets stays, taken or not", async () => {
  taken.add(9000);
  const text = settings(external, "  inngest-local:port: 9000");
  writeFileSync("Pulumi.dev.yaml", text);
  await takeFreePorts("dev");
  expect(readFileSync("Pulumi.dev.yaml", "utf8")).toBe(text);
  expect(lines).toEqual([]);
});

test("each setting moves for itself, and not onto the other's ports", async () => {
  for (const port of [3111, 8288]) taken.add(port);
  const found = async (text: string) => {
    writeFileSync("Pulumi.dev.yaml", text);
    const changes = await findFreePorts("dev");
    return changes.map(({ setting, to }) => [setting, to]);
  };
  const config = `config:\n  inngest-local:workerDir: ${join(root, "worker")}\n`;
  expect(await found(config)).toEqual([
    ["port", 8292],
    ["workerPort", 3112],
  ]);
  taken.add(3108);
  expect(await found(`${config}  inngest-local:port: 3112\n`)).toEqual([["workerPort", 3116]]);
});

test("a stack in Docker looks at the ports of its containers only", async () => {
  taken.add(8289);
  writeFileSync("Pulumi.dev.yaml", settings(external, "  inngest-local:tier: docker"));
  expect(await findFreePorts("dev")).toEqual([]);
  taken.add(8288);
  expect((await findFreePorts("dev")).map(({ to }) => to)).toEqual([8290]);
});

test("a file that imports a Pulumi environment is left to the person who wrote it", async () => {
  taken.add(8288);
  writeFileSync("Pulumi.dev.yaml", "environment:\n  - shared\nconfig: {}\n");
  expect(await findFreePorts("dev")).toEqual([]);
});
