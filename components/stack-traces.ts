/**
 * Leaves stack traces as Node takes them. The SDK has each mapped to the source by the package source-map-support, and
 * takes one for every resource and promise: a fifth of the processor time of a preview without changes (measured on
 * 3.270.0: 2.3 s against 1.9 s). This program has no source maps, as Node strips its types in place.
 */
export function keepStackTracesPlain(): void {
  Reflect.deleteProperty(Error, "prepareStackTrace");
}
