import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { outputsSocket } from "../../components/hand-over.ts";

/**
 * Runs `up` with the variables by which the program hands over outputs, secrets in clear: not to be printed. They come
 * through a socket in a folder that only this user enters, and are on no disk. `use` begins with them as soon as they come,
 * while `up` goes on; both are over when this resolves. `used` is what came of it, and `undefined` where the program did
 * not get that far.
 */
export async function withOutputs<T, U, R>(
  up: (variables: NodeJS.ProcessEnv) => Promise<R>,
  use: (outputs: T) => Promise<U>,
): Promise<{ result: R; used: PromiseSettledResult<U> | undefined }> {
  const folder = mkdtempSync(join(tmpdir(), "inngest-local-"));
  const path = join(folder, "outputs");
  let using: Promise<PromiseSettledResult<U>[]> | undefined;
  const server = createServer((socket) => {
    using = Promise.allSettled([text(socket).then((said) => use(JSON.parse(said) as T))]);
  });
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
    const result = await up({ [outputsSocket]: path });
    // The end of `up` may be seen in the same turn as the connection that came before it.
    await new Promise((resolve) => setImmediate(resolve));
    return { result, used: (await using)?.[0] };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}
