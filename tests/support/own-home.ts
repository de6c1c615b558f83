import type { Home } from "../../lib/stack/home.ts";

/** What a stack of this checkout belongs to. */
export const ownHome: Home = {
  stack: "test",
  machine: "0123456789abcdef",
  host: "laptop",
  user: "ada",
  folder: process.cwd(),
  backend: "file:///state",
};
