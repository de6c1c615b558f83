/** Connections that Postgres takes by default (100) less those it keeps for its owner and for whoever looks in. */
const connectionBudget = 90;

/**
 * Connections of one server's pool: the budget divided by the replicas and one more, the surplus pod of a rolling update
 * or the migration. The server's own default, 100 each, is more than a Postgres takes from the second replica on.
 */
export function connectionsPerServer(replicas: number): number {
  return Math.max(2, Math.floor(connectionBudget / (replicas + 1)));
}
