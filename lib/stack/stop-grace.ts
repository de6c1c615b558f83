/**
 * Seconds between SIGTERM and SIGKILL, on every tier: the server took 26 s to stop with a connected worker (measured on
 * 1.43.0), and a worker lets its running steps end for 30 s.
 */
export const stopGraceSeconds = 60;
