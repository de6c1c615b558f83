/**
 * Seconds between SIGTERM and SIGKILL, on every tier. A server waits up to half a minute for workers to disconnect, and
 * a worker gives its running steps 30 s.
 */
export const stopGraceSeconds = 60;
