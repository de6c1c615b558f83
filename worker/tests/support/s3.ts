import { buffer } from "node:stream/consumers";
import { startWeb, type Web } from "./web.ts";

/** S3 lists at most this many keys, in order. */
const pageSize = 1_000;

/** The part of S3 that a claim store uses, in memory. It rejects unsigned requests. */
export async function startS3(): Promise<Web & { objects: Map<string, Buffer> }> {
  const objects = new Map<string, Buffer>();
  const web = await startWeb(async (request, response) => {
    if (!request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ")) return response.writeHead(403).end();
    const [, , key = ""] = (request.url ?? "").split("/");
    if (request.method === "PUT") {
      objects.set(key, await buffer(request));
      return response.end();
    }
    if (request.method === "DELETE") {
      objects.delete(key);
      return response.writeHead(204).end();
    }
    if (key === "") return response.end(listing([...objects.keys()].toSorted().slice(0, pageSize)));
    const object = objects.get(key);
    return object ? response.end(object) : response.writeHead(404).end();
  });
  return { ...web, objects };
}

function listing(keys: string[]): string {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
  return `<?xml version="1.0"?><ListBucketResult>${contents}</ListBucketResult>`;
}
