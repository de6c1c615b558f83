/**
 * Where a script finds a stack's history: the server's SQLite file, or the folder with the pipes of a psql that is
 * connected to its Postgres.
 */
export type Database = string | { psql: string };
