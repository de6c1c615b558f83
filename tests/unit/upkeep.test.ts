// Proves the parts of backup, restore and upgrade that need no stack. Does not prove what they do to one: the
// integration suites do.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isOfPostgres, pack, unpack } from "../../cli/lib/backup/archive.ts";
import { LiveStack } from "../../cli/lib/live-stack.ts";
import { keysOfState } from "../../cli/restore/keys-of-state.ts";
import { checkVersion, imageAt, numberOf } from "../../cli/upgrade/server-version.ts";
import { readDump } from "../../lib/data/history-dump.ts";
import { checksum, readSnapshot } from "../../lib/data/rdb.ts";
import { Problem } from "../../lib/problem.ts";
import { libpqVariables } from "../../lib/render/libpq.ts";
import { type Column, copyLine, type Value } from "../../runtime/postgres/copy-rows.ts";
import { retentionSql } from "../../runtime/sweep/retention-sql.ts";
import { fakeKnownStack, settingsWith } from "../support/live-stack.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "upkeep-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Buffer): string => {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe("a Redis snapshot", () => {
  const header = Buffer.from(
    "REDIS0011\xfa\x09redis-ver\x067.2.16\xfa\x05ctime\xc2\x01\x02\x03\x04\xfe\x00\xfb\x40\x64\x05",
    "latin1",
  );

  test("has the checksum of Redis' own test vector", async () => {
    expect(await checksum(file("vector", "123456789"), 9)).toBe(0xe9c6d914c4b8d9can);
  });

  test("gives its version and number of keys", async () => {
    const end = Buffer.alloc(8);
    end.writeBigUInt64LE(await checksum(file("head", header), header.length));
    expect(await readSnapshot(file("good", Buffer.concat([header, end])))).toEqual({
      redisVersion: "7.2.16",
      keys: 100,
    });
  });

  test.each([
    ["another file", Buffer.from("no snapshot at all"), "it is not a Redis snapshot"],
    ["a flipped bit", Buffer.concat([header, Buffer.alloc(8, 1)]), "its checksum does not match its content"],
    ["nothing", Buffer.alloc(0), "it is not a Redis snapshot"],
  ])("is refused: %s", async (_, content, reason) => {
    await expect(readSnapshot(file("bad", content))).rejects.toThrow(reason);
  });
});

describe("an archive", () => {
  const about = { stack: "s", tier: "process", takenAt: "2026-01-31T12:00:00.000Z", serverVersion: "1.43.0" };
  const makeContent = (): string => {
    const content = join(folder, "content");
    mkdirSync(join(content, "worker", "claims"), { recursive: true });
    const database = new DatabaseSync(join(content, "history.db"));
    database.exec("CREATE TABLE events (a); INSERT INTO events VALUES (1), (2)");
    database.close();
    writeFileSync(join(content, "state.json"), "{}");
    writeFileSync(join(content, "worker", "claims", "a file"), "claim");
    return content;
  };

  test("unpacks to what was packed", async () => {
    const archive = join(folder, "a.tar.gz");
    await pack(makeContent(), { ...about, counts: { events: 2 }, unfinished: 0 }, archive);
    const out = join(folder, "out");
    mkdirSync(out);
    const manifest = await unpack(archive, out);
    expect(manifest).toMatchObject({ ...about, format: "inngest-local backup", version: 1, counts: { events: 2 } });
    expect(Object.keys(manifest.files)).toEqual(["history.db", "state.json", "worker/claims/a file"]);
  });

  test("is refused when its manifest has other row counts", async () => {
    const archive = join(folder, "a.tar.gz");
    await pack(makeContent(), { ...about, counts: { events: 3 }, unfinished: 0 }, archive);
    const out = join(folder, "out");
    mkdirSync(out);
    await expect(unpack(archive, out)).rejects.toThrow(
      `${archive} is not a good backup: its history does not have the rows that its manifest lists. Nothing was changed. Remedy: use another one`,
    );
  });

  test("is refused when the file is missing", async () => {
    await expect(unpack(join(folder, "none"), folder)).rejects.toThrow(
      `FILE must be a backup, and there is no file ${join(folder, "none")}`,
    );
  });
});

describe("a dump of pg_dump", () => {
  const dump = (...rows: string[]) => [
    "--",
    "-- PostgreSQL database dump",
    "--",
    "\\restrict abc",
    "CREATE TABLE public.events (data character varying DEFAULT '{}'::character varying NOT NULL);",
    "COPY public.events (event_id, event_data) FROM stdin;",
    ...rows,
    "\\.",
    "COPY public.apps (id) FROM stdin;",
    "\\.",
    "-- PostgreSQL database dump complete",
    "--",
    "\\unrestrict abc",
    "",
  ];

  test("has its rows counted, whatever characters they contain", async () => {
    // Neither a Unicode line separator nor a carriage return ends a row.
    const rows = ['1\t{"a":"\u2028\r"}', "2\t-- PostgreSQL database dump", "3\t\\\\! echo", ""];
    const path = file("history.sql", dump(...rows).join("\n"));
    expect(await readDump(path)).toEqual({ apps: 0, events: 4 });
  });

  test.each([
    ["that is truncated", dump("1").slice(0, -4), "it is truncated"],
    ["that is truncated in a table", dump("1").slice(0, -8), "it is truncated"],
    ["with a shell command", ["\\! id", ...dump()], "it has a line that pg_dump does not write: \\! id"],
    ["with a shell command in a statement", ["select 1 \\! id", ...dump()], "does not write: select 1 \\! id"],
    ["that runs a program", ["COPY public.a (b) FROM PROGRAM 'id';", ...dump()], "does not write: COPY public.a"],
    ["that reads a file", ["  copy public.a from '/etc/passwd';", ...dump()], "does not write:   copy public.a"],
  ])("%s is refused", async (_, lines, reason) => {
    await expect(readDump(file("history.sql", lines.join("\n")))).rejects.toThrow(reason);
  });

  test("unpacks from an archive as a history of Postgres", async () => {
    const content = join(folder, "content");
    file("content/history.sql", dump("1").join("\n"));
    const about = { stack: "s", tier: "cluster", takenAt: "2026-01-31T12:00:00.000Z", serverVersion: "1.43.0" };
    const archive = join(folder, "a.tar.gz");
    await pack(content, { ...about, counts: { apps: 0, events: 1 }, unfinished: 0 }, archive);
    const out = join(folder, "out");
    mkdirSync(out);
    expect(isOfPostgres(await unpack(archive, out))).toBe(true);
  });
});

describe("a SQLite row for Postgres", () => {
  const id = Buffer.from("01A20FCA9C8CB06B9DA4AE2D74556692", "hex");
  test.each<[string, Value, Partial<Column>, string]>([
    ["null", null, { type: "text" }, "\\N"],
    ["bytes", id, { type: "bytea" }, "\\\\x01a20fca9c8cb06b9da4ae2d74556692"],
    ["text as bytes", "01M8", { type: "bytea" }, "\\\\x30314d38"],
    ["an id as text", id, { type: "character", length: 26 }, "01M87WN74CP1NSV95E5NT5ASMJ"],
    [
      "an id that is text",
      "01M87WN74CP1NSV95E5NT5ASMJ",
      { type: "character", length: 26 },
      "01M87WN74CP1NSV95E5NT5ASMJ",
    ],
    ["a UUID", id, { type: "uuid" }, "01a20fca-9c8c-b06b-9da4-ae2d74556692"],
    ["a UUID as text", id, { type: "character", length: 36 }, "01a20fca-9c8c-b06b-9da4-ae2d74556692"],
    [
      "a time as Go prints it",
      "2026-01-31 12:00:00.123456789 +0000 UTC m=+1.5",
      { type: "timestamp without time zone" },
      "2026-01-31 12:00:00.123456+00",
    ],
    [
      "a time with an offset",
      "2026-01-31 00:30:00 +0100 CET",
      { type: "timestamp with time zone" },
      "2026-01-30 23:30:00+00",
    ],
    [
      "a time as SQLite prints it",
      "2026-01-31 12:00:00",
      { type: "timestamp without time zone" },
      "2026-01-31 12:00:00+00",
    ],
    [
      "a time in ISO 8601",
      "2026-01-31T12:00:00.5Z",
      { type: "timestamp without time zone" },
      "2026-01-31 12:00:00.5+00",
    ],
    ["false", 0n, { type: "boolean" }, "f"],
    ["true", 1n, { type: "boolean" }, "t"],
    ["a large number", 9007199254740993n, { type: "bigint" }, "9007199254740993"],
    ["characters that end fields and rows", "a\tb\r\nc\\d", { type: "text" }, "a\\tb\\r\\nc\\\\d"],
    ["JSON in bytes", Buffer.from('{"a":"ä"}'), { type: "jsonb" }, '{"a":"ä"}'],
    ["a character that jsonb refuses", '"\\u0000 \\\\u0000"', { type: "jsonb" }, '"\\\\ufffd \\\\\\\\u0000"'],
  ])("%s", (_, value, column, wanted) => {
    expect(copyLine([{ name: "a", length: null, ...column } as Column], { a: value })).toBe(wanted);
  });

  test("has its columns in the given order", () => {
    const columns = ["b", "a"].map((name) => ({ name, type: "text", length: null }));
    expect(copyLine(columns, { a: "1", b: "2" })).toBe("2\t1");
  });
});

describe("signing keys in a state", () => {
  const stack = { urn: "urn:stack", type: "pulumi:pulumi:Stack" };
  const component = { urn: "urn:keys", type: "inngest-local:index:SigningKeys", parent: "urn:stack" };
  const provider = { urn: "urn:random", id: "1", type: "pulumi:providers:random" };
  const key = {
    urn: "urn:key",
    type: "random:index/randomPassword:RandomPassword",
    parent: "urn:keys",
    provider: "urn:random::1",
    dependencies: ["urn:preflight"],
    propertyDependencies: { length: [] },
  };
  const container = { urn: "urn:c", type: "docker:index/container:Container", parent: "urn:stack" };

  test("are kept with their parents and providers, without anything else", () => {
    const state = {
      version: 3,
      deployment: { resources: [stack, component, provider, key, container], pending_operations: [1] },
    };
    expect(JSON.parse(keysOfState(JSON.stringify(state)))).toEqual({
      version: 3,
      deployment: {
        resources: [
          { ...stack, dependencies: [] },
          { ...component, dependencies: [] },
          { ...provider, dependencies: [] },
          { urn: key.urn, type: key.type, parent: key.parent, provider: key.provider, dependencies: [] },
        ],
      },
    });
  });
});

test("a stack that is not up has no state, and the remedy says how to bring it up", async () => {
  const pulumi = {
    ...fakeKnownStack().pulumi,
    ensureStack: async () => {},
    settings: async () => settingsWith({}),
    outputs: async <T>() => ({}) as T,
  };
  await expect(LiveStack.find("dev", pulumi)).rejects.toThrow(
    new Problem("stack dev is not up", "npm start -- --stack dev"),
  );
});

describe("versions", () => {
  test.each([
    ["inngest/inngest:v1.43.0", "inngest/inngest:v1.44.0"],
    ["registry.example:5000/a/inngest:1.43.0-rc1", "registry.example:5000/a/inngest:1.44.0"],
  ])("%s becomes %s", (image, wanted) => {
    expect(imageAt(image, "1.44.0")).toBe(wanted);
  });

  test.each(["inngest/inngest", "inngest/inngest:latest", "registry:5000/inngest", "inngest@sha256:abc"])(
    "%s is refused, because its tag has no version",
    (image) => {
      expect(() => imageAt(image, "1.44.0")).toThrow(
        `\`serverImage\` must have the server's version in its tag, got ${image}. Remedy: --image with the new one`,
      );
    },
  );

  test("are parsed from the server's answer", () => {
    expect(numberOf("1.43.0-253303cdff")).toBe("1.43.0");
    expect(() => checkVersion("1.43.0-253303cdff", "1.43.0")).not.toThrow();
    expect(() => checkVersion("1.43.0", "1.43.1")).not.toThrow();
    expect(() => checkVersion("1.43.0", "1.42.9")).toThrow("its database only goes forward");
  });
});

describe("Postgres", () => {
  test("is passed to psql in environment variables", () => {
    expect(libpqVariables("postgres://me:p%40ss@pg.example:6432/in%20ngest?sslmode=require")).toEqual({
      PGHOST: "pg.example",
      PGPORT: "6432",
      PGUSER: "me",
      PGPASSWORD: "p@ss",
      PGDATABASE: "in ngest",
      PGSSLMODE: "require",
    });
    expect(libpqVariables("postgres://[::1]/a")).toEqual({ PGHOST: "::1", PGDATABASE: "a" });
  });

  test("removes what is older than the given days", () => {
    expect(retentionSql(7)).toContain("interval '7 days'");
    expect(retentionSql(7)).toContain("extract(epoch from now()) - 7 * 86400");
  });
});
