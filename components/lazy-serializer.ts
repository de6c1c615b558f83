/**
 * Imported before the SDK, keeps it from loading TypeScript and npm's Arborist with its 200 modules until something asks
 * for them: they serialize functions for dynamic providers, which this program does not have, and are a tenth of the time
 * of a preview without changes (SDK 3.270.0, `runtime/closure`, which has no setting for it).
 */
import { createRequire } from "node:module";

const ofSdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));

for (const name of ["./typescript-shim", "@npmcli/arborist"]) {
  const path = ofSdk.resolve(name);
  let loaded: Record<PropertyKey, unknown> | undefined;
  const load = () => {
    if (!loaded) {
      delete ofSdk.cache[path];
      loaded = ofSdk(path) as Record<PropertyKey, unknown>;
    }
    return loaded;
  };
  // As an ES module it is taken as it is, and not copied, which would ask for all of it.
  const exports = new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : load()[key]) });
  ofSdk.cache[path] ??= Object.assign(Object.create(null), { id: path, filename: path, loaded: true, exports });
}
