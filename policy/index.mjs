// Pulumi compiles a pack's .ts entry point with a compiler of its own choice. A .mjs entry point is left alone, and
// Node itself strips the types of what it imports.
import "./pack.ts";
