import { servePath } from "../inngest/serve-path.ts";

/** Where a stack's server and worker answer for this machine; no URL ends with a slash. */
export interface LocalEndpoints {
  dashboardUrl: string;
  apiUrl: string;
  /** Events are posted to this URL followed by `/` and the event key. */
  eventUrl: string;
  /** The worker's origin. */
  workerUrl: string;
  workerEndpoint: string;
}

/** The endpoints that the settings name, on 127.0.0.1 where they name none. */
export function loopbackEndpoints(settings: {
  port: number;
  worker: { port: number; url: URL | undefined };
}): LocalEndpoints {
  const { port, worker } = settings;
  const apiUrl = `http://127.0.0.1:${port}`;
  const workerUrl = worker.url?.origin ?? `http://127.0.0.1:${worker.port}`;
  return {
    dashboardUrl: `http://localhost:${port}`,
    apiUrl,
    eventUrl: `${apiUrl}/e`,
    workerUrl,
    workerEndpoint: worker.url?.href ?? workerUrl + servePath,
  };
}

/** Services of a cluster that `kubectl port-forward` makes reachable from this machine. */
export interface Forward {
  context: string;
  /** @default kubectl's own */
  kubeconfig?: string | undefined;
  namespace: string;
  server: ForwardedService;
  /** @default the worker does not run in the cluster */
  worker?: ForwardedService | undefined;
}

export interface ForwardedService {
  service: string;
  port: number;
  /** Port of this machine that the stack's URLs have. */
  local: number;
}
