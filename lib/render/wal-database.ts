const pageSize = 4096;

/**
 * An empty SQLite database in WAL mode: one page, as https://www.sqlite.org/fileformat.html describes it. The server
 * keeps the mode of a file that is there, and would create one with a rollback journal, which is slower
 * (docs/performance.md). Auto-vacuum, too, can only be chosen for a new database. Not for network file systems, where
 * WAL's shared memory does not work.
 */
export function emptyWalDatabase(): Buffer {
  const page = Buffer.alloc(pageSize);
  page.write("SQLite format 3\0", 0, "latin1");
  page.writeUInt16BE(pageSize, 16);
  page[18] = 2; // file format write version: WAL
  page[19] = 2; // file format read version: WAL
  page[21] = 64; // maximum embedded payload fraction, fixed by the format
  page[22] = 32; // minimum embedded payload fraction, fixed by the format
  page[23] = 32; // leaf payload fraction, fixed by the format
  page.writeUInt32BE(1, 24); // file change counter
  page.writeUInt32BE(1, 28); // database size in pages
  page.writeUInt32BE(4, 44); // schema format number
  page.writeUInt32BE(1, 52); // largest root page: not 0 means auto-vacuum
  page.writeUInt32BE(1, 64); // incremental: the janitor returns free pages
  page.writeUInt32BE(1, 56); // text encoding: UTF-8
  page.writeUInt32BE(1, 92); // version-valid-for, equal to the change counter
  page.writeUInt32BE(3_040_000, 96); // SQLITE_VERSION_NUMBER of the writer
  page[100] = 13; // leaf page of the schema table's b-tree, no cells
  page.writeUInt16BE(pageSize, 105); // start of its cell content area
  return page;
}
