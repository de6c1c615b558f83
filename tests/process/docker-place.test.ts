// Proves which Docker commands the driver of Docker runs, and what it makes of their answers. Docker is a script here; the
// real one is for tests/integration/verify-docker.test.ts.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dockerPlace } from "../../lib/places/docker.ts";
import { dockerData } from "../../lib/places/docker-data.ts";
import type { Part } from "../../lib/stack/parts.ts";
import { Home } from "../support/host.ts";

const queue: Part = { name: "queue", place: "docker", ports: [] };
const janitor: Part = { name: "janitor", place: "docker", ports: [] };
const place = dockerPlace({ stack: "mine", context: "colima" });

let home: Home;
let log: string;
beforeEach(() => {
  home = new Home();
  log = join(home.folder, "docker.log");
});
afterEach(() => home.dispose());

/** Puts a docker on PATH that answers by the first word that its arguments contain. */
function docker(answers: Record<string, string>): void {
  const cases = Object.entries(answers).map(([word, answer]) => `*'${word}'*) echo '${answer}' ;;`);
  const folder = home.command("docker", `echo "$*" >> ${log}; case "$*" in ${cases.join(" ")} esac`);
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
}
/** What docker was asked to do, without the context and the looks for a container. */
const calls = () =>
  existsSync(log)
    ? readFileSync(log, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.replace("--context colima ", ""))
        .filter((line) => !line.startsWith("container ls"))
    : [];

test("a container is stopped with time to end, started, killed and removed by its name", async () => {
  docker({ "container ls": "id" });
  await place.stop(queue);
  expect(await place.start(queue)).toBe(true);
  await place.kill(queue);
  await place.remove?.(queue);
  const name = "inngest-mine-queue";
  expect(calls()).toEqual([`stop --time 60 ${name}`, `start ${name}`, `kill ${name}`, `rm --force ${name}`]);
});

test("a container that does not exist is left to up", async () => {
  docker({});
  await place.stop(queue);
  expect(await place.start(queue)).toBe(false);
  expect(await place.logs(queue, { lines: 5, follow: false })).toBeUndefined();
  expect(calls()).toEqual([]);
});

test("a container's state is its health, if it reports any", async () => {
  docker({
    inspect: '{"Running":true,"StartedAt":"2026-01-02T03:04:05Z","Status":"running","Health":{"Status":"healthy"}}',
  });
  expect(await place.state(queue)).toEqual({
    isRunning: true,
    what: "container inngest-mine-queue",
    since: "2026-01-02T03:04:05Z",
    detail: "healthy",
  });
  docker({ inspect: '{"Running":false,"StartedAt":"2026-01-02T03:04:05Z","Status":"exited"}' });
  expect(await place.state(queue)).toEqual({
    isRunning: false,
    what: "container inngest-mine-queue",
    since: undefined,
    detail: "exited",
  });
});

test("sizes and the last sweep are read in the container", async () => {
  docker({ "du -sk /data": "12\t/data", "last-sweep.json": '{"at":"2026-01-02T03:04:05.678Z"}' });
  expect(await place.size(queue)).toBe(12 * 1024);
  expect(await place.lastSweep(janitor)).toEqual({ at: "2026-01-02T03:04:05.678Z" });
});

test("listeners are of every container of the stack, also of one that is no part", async () => {
  docker({
    "ps --filter label=inngest-local.stack=mine": "inngest-mine-queue 127.0.0.1:1->2/tcp\nby-hand :::3->4/tcp, 5/tcp",
  });
  expect(await place.listeners([queue])).toEqual([
    { who: "container inngest-mine-queue", host: "127.0.0.1", port: 1, part: queue },
    { who: "container by-hand", host: "::", port: 3, part: undefined },
  ]);
});

test("logs are followed by the command that a person would use", async () => {
  docker({ "container ls": "id" });
  expect(await place.logs(queue, { lines: 5, follow: true })).toEqual(
    "docker --context colima logs --tail=5 --follow inngest-mine-queue".split(" "),
  );
});

test("programs run next to the data only where it is kept, and leave no container", async () => {
  const where = { kind: "docker", context: undefined, network: "n", image: "node:1" } as const;
  await expect(dockerData("mine", where).runNextToData("inspect", {})).rejects.toThrow(
    "stack mine keeps nothing outside of its container. Remedy: npm run pulumi -- config set durable true --stack mine",
  );
  docker({ "start --attach": '{"newest":7}' });
  expect(await dockerData("mine", { ...where, volume: "v" }).runNextToData("inspect", {})).toEqual({ newest: 7 });
  expect(calls()[0]).toMatch(
    /^create --interactive --name (\S+) .* --volume v:\/data --network n node:1 node \/upkeep\/runtime\/inspect\.ts$/,
  );
  expect(calls().at(-1)).toMatch(/^rm --force inngest-mine-upkeep-\d+$/);
});
