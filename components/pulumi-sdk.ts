/**
 * Three patches of Pulumi's SDK that have no setting, made by importing this file. Import it before anything that
 * imports the SDK: a module that is already loaded cannot be deferred. docs/decisions.md has what each of them saves.
 */
import { createRequire } from "node:module";

const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));

// TypeScript and npm's Arborist serialize functions for dynamic providers, which this program does not have.
loadOnFirstUse("./typescript-shim");
loadOnFirstUse("@npmcli/arborist");

// The SDK's runner maps every stack trace to its source, and a trace is taken for each resource and promise. Node
// strips this program's types in place, so there are no source maps to follow.
Reflect.deleteProperty(Error, "prepareStackTrace");

// Every answer of the engine goes back to it as a debug message, secrets in clear: `pulumi up --debug` prints them, and
// `--event-log` writes them to a file. Each is also a call that the next one waits for. The engine's own messages stay.
Object.assign(sdk("@pulumi/pulumi").log, { debug: () => Promise.resolve() });

/** Puts a stand-in for one of the SDK's modules into Node's cache, which loads the module when it is first used. */
function loadOnFirstUse(name: string): void {
  const path = sdk.resolve(name);
  let loaded: Record<PropertyKey, unknown> | undefined;
  const load = () => {
    if (!loaded) {
      delete sdk.cache[path];
      loaded = sdk(path) as Record<PropertyKey, unknown>;
    }
    return loaded;
  };
  // A CommonJS importer copies all exports of what is not an ES module, and would load it right away.
  const exports = new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : load()[key]) });
  sdk.cache[path] ??= Object.assign(Object.create(null), { id: path, filename: path, loaded: true, exports });
}
