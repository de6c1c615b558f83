// Proves what the preflight says about a machine. Docker is a script here, except where a test's name says otherwise;
// that a finding stops `pulumi up` before anything changed is for the integration suites.
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pinnedVersion } from "../../lib/engines/release.ts";
import { holderOf } from "../../lib/host/ports.ts";
import { onPath } from "../../lib/host/programs.ts";
import { freePort, Home, listen, tinyService } from "../support/host.ts";

const right = () => ({
  code: 0,
  stdout: expect.stringMatching(new RegExp(`^${home.data}\n{"stack":"test",`)),
  stderr: "",
});
const wrong = (...problems: string[]) => ({ code: 1, stdout: "", stderr: `${problems.join("\n")}\n` });

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.dispose());

test("a machine with everything that is needed passes, and is not changed", async () => {
  const ports = [{ setting: "port", port: await freePort() }];
  expect(await home.preflight({ ports, programs: [{ kind: "node" }] })).toEqual(right());
});

test("everything that is wrong is reported at once", async () => {
  const file = home.file("file");
  const { stderr } = await home.preflight({
    dataDir: file,
    programs: [{ kind: "inngest", binary: "/nowhere/inngest" }],
  });
  expect(stderr.split("\n").map((line) => line.split(" ")[0])).toEqual(["`dataDir`", "`serverBinary`", ""]);
});

describe("the data folder", () => {
  const remedy = "Remedy: pulumi config set dataDir /absolute/path/of/a/folder/of/yours";

  test("is refused when it is a file", async () => {
    const file = home.file("file");
    expect(await home.preflight({ dataDir: file })).toEqual(
      wrong(`\`dataDir\` must be a folder, got "${file}", and ${file} is a file. ${remedy}`),
    );
  });

  test("is refused under a file", async () => {
    const file = home.file("file");
    expect(await home.preflight({ dataDir: join(file, "a", "b") })).toEqual(
      wrong(`\`dataDir\` must be a folder, got "${join(file, "a", "b")}", and ${file} is a file. ${remedy}`),
    );
  });

  test("of the platform is refused when it is a file", async () => {
    const file = home.file(home.data.slice(home.folder.length + 1));
    expect(await home.preflight({})).toEqual(
      wrong(`the data folder must be a folder, got "${file}", and ${file} is a file. ${remedy}`),
    );
  });

  test.skipIf(process.getuid?.() === 0)("is refused when it is not writable (root may write anywhere)", async () => {
    const closed = join(home.folder, "closed");
    mkdirSync(closed);
    chmodSync(closed, 0o500);
    expect(await home.preflight({ dataDir: join(closed, "data") })).toEqual(
      wrong(`\`dataDir\` must be writable, got "${join(closed, "data")}", and ${closed} is not (EACCES). ${remedy}`),
    );
  });
});

describe("a port", () => {
  test("that is taken is refused with its setting and its holder", async () => {
    const { server, port } = await listen();
    const holder = await holderOf(port);
    const by = holder ? `${holder.command} (pid ${process.pid})` : "a process that this user may not see";
    expect(await home.preflight({ ports: [{ setting: "workerPort", port }] })).toEqual(
      wrong(
        `\`workerPort\` must leave free ports, and port ${port} is taken by ${by}. ` +
          "Remedy: stop it, or pulumi config set workerPort to another port",
      ),
    );
    server.close();
  });

  test("that the stack's own process holds passes", async () => {
    const port = await freePort();
    await home.reconcile(tinyService(port));
    const ports = [{ setting: "port", port }];
    expect(await home.preflight({ ports }, { PULUMI_COMMAND_STDOUT: home.data })).toEqual(right());
  });

  test("that the stack's own process holds from its former data folder passes", async () => {
    const port = await freePort();
    const dataDir = join(home.folder, "before");
    await home.reconcile(tinyService(port, { dataDir }));
    const ports = [{ setting: "port", port }];
    expect((await home.preflight({ ports })).code).toBe(1);
    expect(await home.preflight({ ports }, { PULUMI_COMMAND_STDOUT: dataDir })).toEqual(right());
  });

  test("that the stack's own container publishes passes", async () => {
    const { server, port } = await listen();
    const docker = home.command("docker", `if [ "$1" = ps ]; then echo "127.0.0.1:${port}->8288/tcp"; fi`);
    const spec = { ports: [{ setting: "port", port }], docker: { images: [] } };
    const environment = { PATH: `${docker}:${process.env.PATH}`, PULUMI_COMMAND_STDOUT: home.data };
    expect(await home.preflight(spec, environment)).toEqual(right());
    server.close();
  });
});

describe("the server's binary", () => {
  const remedy = "Remedy: pulumi config set serverBinary /path/to/inngest, or pulumi config rm serverBinary";
  const preflight = (binary: string) => home.preflight({ programs: [{ kind: "inngest", binary }] });

  test("is refused when it is missing", async () => {
    expect(await preflight("/nowhere/inngest")).toEqual(
      wrong(`\`serverBinary\` must be an executable file, got "/nowhere/inngest". ${remedy}`),
    );
  });

  test("is refused when it is a folder, or not executable", async () => {
    for (const path of [home.folder, home.file("text", "not a program")]) {
      expect(await preflight(path)).toEqual(
        wrong(`\`serverBinary\` must be an executable file, got "${path}". ${remedy}`),
      );
    }
  });

  test.each(["echo something else", "echo 1.43.0; exit 1", "exit 0"])(
    "is refused when it is another program (%s)",
    async (script) => {
      const binary = join(home.command("inngest", script), "inngest");
      expect(await preflight(binary)).toEqual(
        wrong(
          `\`serverBinary\` must be the Inngest binary, and "${binary}" does not answer \`version\` like it. ${remedy}`,
        ),
      );
    },
  );

  test("passes when it answers like Inngest", async () => {
    const script = '[ "$1" = version ] && [ "$DO_NOT_TRACK" = 1 ] && echo 1.43.0-a1b2c3d';
    expect(await preflight(join(home.command("inngest", script), "inngest"))).toEqual(right());
  });

  test("is refused when it is too old", async () => {
    const PATH = home.command("inngest", "echo 1.39.0-a1b2c3d");
    expect(await home.preflight({ programs: [{ kind: "inngest" }] }, { PATH })).toEqual(
      wrong(
        `the Inngest binary must be 1.40.0 or newer, and "${join(PATH, "inngest")}" says "1.39.0-a1b2c3d". ` +
          "Remedy: take it off PATH and npm start, or pulumi config set serverBinary /path/to/inngest",
      ),
    );
  });

  test("is fetched by no plan: one that is nowhere is refused, and one on PATH that does not answer", async () => {
    const PATH = home.command("inngest", "echo install scripts were skipped; exit 1");
    const place = join(home.data, "..", "..", "engines", "inngest", pinnedVersion("inngest"), "inngest");
    expect(await home.preflight({ programs: [{ kind: "inngest" }] }, { PATH })).toEqual(
      wrong(
        `no \`inngest\` binary: \`serverBinary\` is not set, and neither PATH nor ${place} has one. ` +
          "Remedy: npm start, which fetches it, or pulumi config set serverBinary /path/to/inngest",
      ),
    );
    chmodSync(home.file(place.slice(home.folder.length), "#!/bin/sh\necho 1.43.0\n"), 0o755);
    expect(await home.preflight({ programs: [{ kind: "inngest" }] }, { PATH })).toEqual(right());
  });

  test("is found on PATH, and asked without tracking", async () => {
    const PATH = home.command("inngest", '[ "$DO_NOT_TRACK" = 1 ] && echo 1.43.0');
    expect(await home.preflight({ programs: [{ kind: "inngest" }] }, { PATH })).toEqual(right());
  });
});

test("Bun is refused when it is missing", async () => {
  const PATH = home.command("nothing", "");
  expect(await home.preflight({ programs: [{ kind: "bun" }] }, { PATH })).toEqual(
    wrong(
      "`runtime` is bun, and no `bun` is on PATH. Remedy: install Bun (https://bun.sh), or pulumi config set runtime node",
    ),
  );
});

describe("Docker", () => {
  const remedy = "Remedy: start Docker, or pulumi config set dockerContext to one of `docker context ls`";

  test("is refused without its command", async () => {
    const PATH = home.command("nothing", "");
    expect(await home.preflight({ docker: { images: [] } }, { PATH })).toEqual(
      wrong(
        "no `docker` command on PATH, and tier docker needs a Docker engine. Remedy: install Docker Desktop, OrbStack or " +
          "Colima (macOS) or Docker Engine (Linux), or pulumi config set tier process",
      ),
    );
  });

  test.skipIf(!onPath("docker"))("is refused at a dead socket, whose endpoint the error names", async () => {
    const DOCKER_HOST = `unix://${home.folder}/none.sock`;
    const { code, stderr } = await home.preflight({ docker: { images: [] } }, { DOCKER_HOST });
    expect(code).toBe(1);
    expect(stderr).toContain(`no Docker engine answers at ${DOCKER_HOST} (`);
    expect(stderr).toContain(`). ${remedy}\n`);
  });

  test("is refused when its engine is down, and the error names the context's endpoint", async () => {
    const PATH = home.command(
      "docker",
      `case "$*" in
        *"context inspect"*) echo unix:///run/colima.sock ;;
        *) echo 'error: Cannot connect to the Docker daemon' >&2; exit 1 ;;
      esac`,
    );
    expect(await home.preflight({ docker: { images: [] } }, { PATH })).toEqual(
      wrong(`no Docker engine answers at unix:///run/colima.sock (Cannot connect to the Docker daemon). ${remedy}`),
    );
    expect(await home.preflight({ docker: { context: "colima", images: [] } }, { PATH })).toEqual(
      wrong(
        '`dockerContext` must name a context whose engine answers, got "colima": ' +
          `no Docker engine answers at unix:///run/colima.sock (Cannot connect to the Docker daemon). ${remedy}`,
      ),
    );
  });

  test("is refused when it does not know the context", async () => {
    const PATH = home.command("docker", "echo 'context \"cloima\": context not found' >&2; exit 1");
    const { stderr } = await home.preflight({ docker: { context: "cloima", images: [] } }, { PATH });
    expect(stderr).toContain('answers at the endpoint of context "cloima", which docker does not know (');
  });

  test("is refused with an image that cannot be pulled, and the error names setting, image and reason", async () => {
    const PATH = home.command(
      "docker",
      `case "$*" in
        "image inspect here:1" | version*) ;;
        pull*) echo 'Error response from daemon: manifest unknown' >&2; exit 1 ;;
        *) exit 1 ;;
      esac`,
    );
    const images = [
      { setting: "serverImage", image: "here:1" },
      { setting: "queueImage", image: "nowhere:1" },
    ];
    expect(await home.preflight({ docker: { images } }, { PATH })).toEqual(
      wrong(
        '`queueImage` must name an image that can be pulled, got "nowhere:1" (manifest unknown). ' +
          "Remedy: check the name and the network, docker login for a private registry, or pulumi config rm queueImage",
      ),
    );
  });

  test("pulls an image that is missing", async () => {
    const log = join(home.folder, "calls");
    const PATH = home.command("docker", `echo "$*" >> ${log}; case "$*" in *inspect*) exit 1 ;; esac`);
    const images = [{ setting: "serverImage", image: "far:1" }];
    expect(await home.preflight({ docker: { context: "colima", images } }, { PATH })).toEqual(right());
    expect(readFileSync(log, "utf8")).toContain("--context colima pull --quiet far:1\n");
  });
});
