/** Concurrency limit of functions that use the GPU: one step at a time across all of them, by the constant key and the scope. */
export const oneGpu = { scope: "account", key: '"gpu"', limit: 1 } as const;
