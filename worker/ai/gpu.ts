/**
 * Lets one step at a time use the GPU, over all functions that name it: the key is a constant, and the scope is wider than one
 * function.
 */
export const ONE_GPU = { scope: "account", key: '"gpu"', limit: 1 } as const;
