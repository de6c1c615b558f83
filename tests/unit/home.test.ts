// Proves what is said of a stack that belongs elsewhere. Does not prove that a machine, an engine or a moved folder is
// recognised: tests/process/home.test.ts and, with a real CLI, tests/integration/take-over.test.ts.
import { expect, test } from "vitest";
import { backendProblem, type Engine, type FormerHome, homeProblem } from "../../lib/stack/home.ts";
import { ownHome as here } from "../support/own-home.ts";

const former: FormerHome = { ...here, since: "2026-03-01T10:20:30.000Z" };
const docker = (id: string, name: string): Engine => ({ kind: "docker", id, name });
const another = "make one of your own: cp Pulumi.test.yaml Pulumi.test2.yaml && npm start -- --stack test2";
const takeOver = "npm start -- --stack test --take-over";
const leaving = "without its data there, and while what runs there keeps running";

const said = (changes: Partial<FormerHome>, now: Partial<FormerHome> = {}, isInCluster = false) =>
  homeProblem({ ...here, ...now }, { ...former, ...changes }, isInCluster)?.message;

test("a stack of this home is nobody else's", () => {
  expect(said({})).toBeUndefined();
});

test("another folder is named with both ways on", () => {
  expect(said({ folder: "/home/ada/first" }, { folder: "/home/ada/second" })).toBe(
    "stack test belongs to /home/ada/first (ada on laptop, since 2026-03-01T10:20Z), and this is another folder, " +
      "/home/ada/second. Remedy: work there; or go on here, which restarts it from this folder: " +
      `${takeOver}; or ${another}`,
  );
});

test("another user and another machine leave their data and processes", () => {
  const folder = here.folder;
  expect(said({ user: "bob" })).toBe(
    `stack test belongs to ${folder} (bob on laptop, since 2026-03-01T10:20Z), and this is another user, ada. ` +
      `Remedy: work there; or go on here, ${leaving}: ${takeOver}; or ${another}`,
  );
  expect(said({ machine: "another", host: "studio" })).toBe(
    `stack test belongs to ${folder} (ada on studio, since 2026-03-01T10:20Z), and this is another machine, laptop. ` +
      `Remedy: work there; or go on here, ${leaving}: ${takeOver}; or ${another}`,
  );
});

test("a stack that is in a cluster alone may be changed from any machine", () => {
  expect(said({ machine: "another", user: "bob", folder: "/elsewhere" }, {}, true)).toBeUndefined();
});

test("a renamed stack is renamed back, or goes on without its data", () => {
  expect(said({ stack: "before" })).toBe(
    "stack test was renamed, and what it has on this machine, its data too, has its former name before. Remedy: rename " +
      "it back: npm run pulumi -- stack rename before --stack test; then `npm run move` moves its data to a stack of " +
      `another name; or go on without its data: ${takeOver}`,
  );
});

test("another Docker context names the way back", () => {
  expect(said({ engine: docker("1", "colima") }, { engine: docker("2", "default") })).toBe(
    'stack test belongs to the Docker engine of "colima", and "default" is another one. Remedy: go back to it: docker ' +
      `context use colima, or pulumi config set dockerContext colima; or go on here, ${leaving}: ${takeOver}; or ${another}`,
  );
  expect(said({ engine: docker("1", "unix:///run/a.sock") }, { engine: docker("2", "default") })).toContain(
    "Remedy: go back to it: export DOCKER_HOST=unix:///run/a.sock; or",
  );
});

test("an engine that was replaced behind its context has no way back", () => {
  expect(said({ engine: docker("1", "default") }, { engine: docker("2", "default") })).toBe(
    'stack test belongs to another Docker engine than "default" is now. ' +
      `Remedy: go on here, ${leaving}: ${takeOver}; or ${another}`,
  );
});

test("another cluster names the context of the stack's own", () => {
  const cluster = (id: string, name: string): Engine => ({ kind: "kubernetes", id, name });
  expect(said({ engine: cluster("1", "kind") }, { engine: cluster("2", "k3s") }, true)).toBe(
    'stack test belongs to the cluster of "kind", and "k3s" is another one. Remedy: go back to it: pulumi config set ' +
      `kubeContext kind; or go on here, ${leaving}: ${takeOver}; or ${another}`,
  );
});

test("an engine under another context, one that does not answer, and a stack of another tier are no other engine", () => {
  expect(said({ engine: docker("1", "colima") }, { engine: docker("1", "default") })).toBeUndefined();
  expect(said({ engine: docker("1", "colima") })).toBeUndefined();
  expect(said({}, { engine: docker("1", "default") })).toBeUndefined();
});

test("a stack of another backend names it, where this machine knows it", () => {
  expect(backendProblem(here, { ...former, backend: "https://api.pulumi.com" }, ["server"]).message).toBe(
    `a stack test of ${here.folder} (ada on laptop, since 2026-03-01T10:20Z) is here already (server), with its state at ` +
      "https://api.pulumi.com, and this is file:///state. Remedy: go back to that state: pulumi login " +
      `https://api.pulumi.com; or go on here, with new keys: ${takeOver}; or ${another}`,
  );
  expect(backendProblem(here, undefined, ["inngest-test-server", "inngest-test-queue"]).message).toBe(
    "a stack test is here already (inngest-test-server, inngest-test-queue), and the state at file:///state does not " +
      `know it. Remedy: work where its state is; or go on here, with new keys: ${takeOver}; or ${another}`,
  );
});
