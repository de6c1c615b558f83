import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { outputsSocket } from "../components/hand-over.ts";

/**
 * Runs `up` with the variables by which the program hands over its outputs, secrets in clear: not to be printed. They come
 * through a socket in a folder that only this user enters, and are on no disk. None where the program did not get that far.
 */
export async function withOutputs<T, R>(
  up: (variables: NodeJS.ProcessEnv) => Promise<R>,
): Promise<{ result: R; outputs: T | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), "inngest-local-"));
  const path = join(folder, "outputs");
  let handedOver: Promise<string> | undefined;
  const server = createServer((socket) => {
    handedOver = text(socket);
  });
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
    const result = await up({ [outputsSocket]: path });
    // The end of `up` may be seen in the same turn as the connection that came before it.
    await new Promise((resolve) => setImmediate(resolve));
    return { result, outputs: handedOver && (JSON.parse(await handedOver) as T) };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}
