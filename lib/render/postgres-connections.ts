/** Postgres' default limit of 100 connections, less those it reserves for superusers and those of maintenance. */
const connectionBudget = 90;

/**
 * Maximum connections of one server's pool. The budget is shared by the replicas and one more server: the extra pod of a
 * rolling update, or the migration. By default each server opens up to 100, too many for Postgres with two replicas.
 */
export function connectionsPerServer(replicas: number): number {
  return Math.max(2, Math.floor(connectionBudget / (replicas + 1)));
}
