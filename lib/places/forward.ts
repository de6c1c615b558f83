import { spawn } from "node:child_process";
import { Problem } from "../problem.ts";
import type { Forward, ForwardedService, LocalEndpoints } from "../stack/endpoints.ts";
import { kubectlFor } from "./kubectl.ts";

/** Seconds within which a forward must be open. */
const openSeconds = 30;

type Urls = Pick<LocalEndpoints, "apiUrl" | "workerUrl">;

/**
 * Calls `use` with URLs that hold on this machine: the given ones, or those of `kubectl port-forward`s, on any free port,
 * that last as long as the call.
 *
 * @throws {Problem} when a forward cannot be opened
 */
export async function throughForward<T>(
  forward: Forward | undefined,
  urls: Urls,
  use: (reached: Urls) => Promise<T>,
): Promise<T> {
  if (!forward) return await use(urls);
  const opened: Awaited<ReturnType<typeof openForward>>[] = [];
  const open = async (service: ForwardedService | undefined, url: string) => {
    if (!service) return url;
    const tunnel = await openForward(forward, service);
    opened.push(tunnel);
    return tunnel.origin + new URL(url).pathname.replace(/\/$/, "");
  };
  try {
    const [apiUrl, workerUrl] = [await open(forward.server, urls.apiUrl), await open(forward.worker, urls.workerUrl)];
    return await use({ apiUrl, workerUrl });
  } finally {
    await Promise.all(opened.map((tunnel) => tunnel.close()));
  }
}

/** The forward that makes a stack's URLs hold while it runs; `undefined` where they hold without one. */
export function neededForward({ forward, apiUrl }: { forward?: Forward; apiUrl: string }): Forward | undefined {
  return forward && apiUrl === `http://127.0.0.1:${forward.server.local}` ? forward : undefined;
}

/** The command that opens a forward, for people. */
export function forwardCommand({ context, kubeconfig, namespace, server }: Forward): string {
  const file = kubeconfig ? ` --kubeconfig ${kubeconfig}` : "";
  return `kubectl${file} --context ${context} --namespace ${namespace} port-forward service/${server.service} ${server.local}:${server.port}`;
}

async function openForward(forward: Forward, { service, port }: ForwardedService) {
  const { command, args } = kubectlFor(forward);
  const what = ["port-forward", `service/${service}`, `:${port}`, "--address", "127.0.0.1"];
  const child = spawn(command, [...args, ...what], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let printed = "";
  const origin = await new Promise<string>((resolve, reject) => {
    const fail = (reason: string) => {
      child.kill();
      reject(new Problem(`service ${service} in namespace ${forward.namespace} cannot be reached: ${reason}`));
    };
    const timer = setTimeout(() => fail(`no port-forward within ${openSeconds} s`), openSeconds * 1000);
    const read = (chunk: Buffer) => {
      printed += chunk;
      const local = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(printed)?.[1];
      if (!local) return;
      clearTimeout(timer);
      resolve(`http://127.0.0.1:${local}`);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("close", () => {
      clearTimeout(timer);
      fail(printed.trim() || "kubectl ended");
    });
  });
  return {
    origin,
    async close() {
      child.kill();
      await ended;
    },
  };
}
