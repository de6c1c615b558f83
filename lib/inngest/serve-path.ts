/** Path of the worker's Inngest endpoint, the SDK's usual one. */
export const servePath = "/api/inngest";
