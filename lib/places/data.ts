import type {
  Database,
  Inspection,
  InspectRequest,
  NoRoom,
  RestoreRequest,
  Snapshot,
  SnapshotRequest,
  SweepReport,
  SweepRequest,
} from "../data/requests.ts";
import type { Stores } from "../stack/stores.ts";

/** Requests and answers of the programs that commands run next to the data. */
export interface DataPrograms {
  snapshot: { request: SnapshotRequest; answer: Snapshot | NoRoom };
  restore: { request: RestoreRequest; answer: undefined };
  inspect: { request: InspectRequest; answer: Inspection };
  "sweep-now": { request: SweepRequest; answer: SweepReport };
}

/** A request without what the place of the data fills in. */
export type DataRequest<P extends keyof DataPrograms> = Omit<
  DataPrograms[P]["request"],
  "database" | "folder" | "snapshotPort" | "queueUrl"
> &
  Pick<Stores, "queueUrl">;

export type DataAnswer<P extends keyof DataPrograms> = DataPrograms[P]["answer"];

/** A stack's history and queue, where they are kept. */
export interface StackData {
  database: Database;
  /** Where replaced data is kept, by a name of its own: a folder, or a schema of Postgres. */
  previousAt(name: string): string;
  /**
   * Runs a program of `runtime/` next to the data. Files of the folder `files` on this machine are brought to it; if
   * there are none, those that the program writes are brought back.
   *
   * @throws {Problem} with the program's own words when it fails
   */
  runNextToData<P extends keyof DataPrograms>(
    program: P,
    request: DataRequest<P>,
    files?: string,
  ): Promise<DataAnswer<P>>;
  /** Version of the server, as its program reports it. */
  serverVersion(): Promise<string>;
  /**
   * The version of the server in an image, where this machine may not be able to run one.
   *
   * @throws {Problem} when the image cannot be run
   */
  versionIn?(image: string): Promise<string>;
  /** Copies the history of a running server whose container alone keeps it, as `history.db`; absent where it is kept. */
  copyEphemeralHistory?(folder: string): Promise<void>;
}
