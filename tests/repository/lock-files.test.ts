// A lock file made on one platform can lack the packages of the others, and then `npm ci` fails there, or here.
// So can an install script that nobody has thought of. Does not prove that the registry still has what is listed.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface LockFile {
  packages: Record<
    string,
    { resolved?: string; hasInstallScript?: boolean; optionalDependencies?: Record<string, string> }
  >;
}

test.each([".", "worker", "examples", "policy", "bench/peers"])(
  "%s/package-lock.json lists every platform's packages and no registry",
  (folder) => {
    const { packages } = JSON.parse(readFileSync(`${folder}/package-lock.json`, "utf8")) as LockFile;
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !placesOf(path, name).some((place) => place in packages)),
    );
    expect(missing).toEqual([]);
    expect(Object.values(packages).filter(({ resolved }) => resolved)).toEqual([]);
  },
);

test.each([".", "worker", "examples", "policy", "bench/peers"])(
  "%s/package.json says of every install script whether npm 12 runs it",
  (folder) => {
    const read = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Record<string, object>;
    const { packages } = read("package-lock.json") as unknown as LockFile;
    const scripted = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript);
    const { allowScripts = {} } = read("package.json");
    expect(Object.keys(allowScripts)).toEqual(scripted.map((path) => path.split("node_modules/").at(-1)).sort());
  },
);

/** Where Node would look for `name` from the package at `path`. */
function placesOf(path: string, name: string): string[] {
  const parents = path
    .split("/node_modules/")
    .map((_, index, parts) => parts.slice(0, index + 1).join("/node_modules/"));
  return [...parents, ""].map((parent) => `${parent ? `${parent}/` : ""}node_modules/${name}`);
}
