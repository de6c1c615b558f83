/** Names of the named pipes in their folder: psql's input, and its output together with its errors. */
export const pipes = { input: "psql.in", output: "psql.out" } as const;

/** Flags of a psql on pipes: bare answers, no personal settings, and an end at the first error. */
export const psqlFlags = ["--quiet", "--no-psqlrc", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"] as const;
