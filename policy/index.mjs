// Pulumi hands a pack's .ts files to a compiler of its own choice. This one it leaves alone, and what it imports Node
// loads, which strips the types by itself.
import "./pack.ts";
