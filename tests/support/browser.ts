import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onPath } from "../../lib/host/programs.ts";

/** Chromium without a window, driven by its own protocol. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #session = "";
  #sent = 0;
  #loaded: (() => void) | undefined;
  /** What it gives to a server that asks for a password. */
  credentials: { username: string; password: string } | undefined;

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#heard(JSON.parse(String(data))));
  }

  /** Why there is none here, or `undefined`. */
  static missing(): string | undefined {
    return onPath("chromium") ? undefined : "no chromium on PATH";
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "browser-"));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"];
    const chromium = spawn("chromium", [...flags, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const url = await new Promise<string>((resolve, reject) => {
      let said = "";
      chromium.stderr?.on("data", (chunk) => {
        said += chunk;
        const found = /DevTools listening on (ws:\S+)/.exec(said);
        if (found) resolve(found[1] as string);
      });
      chromium.once("exit", () => reject(new Error(`chromium ended: ${said}`)));
    });
    const socket = new WebSocket(url);
    await once(socket, "open");
    const browser = new Browser(chromium, profile, socket);
    const { targetId } = await browser.#ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.#ask("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    await browser.#ask("Page.enable");
    await browser.#ask("Fetch.enable", { handleAuthRequests: true });
    return browser;
  }

  /** Opens a page and waits until it is loaded. */
  async open(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    const { errorText } = await this.#ask("Page.navigate", { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** The value of a script in the page, awaited. */
  async run(script: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#ask("Runtime.evaluate", {
      expression: script,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: unknown }).value;
  }

  /** A picture of the page as a PNG, of a window of that size. */
  async screenshot(size: { width: number; height: number }): Promise<Buffer> {
    await this.#ask("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1, mobile: false });
    // The page draws itself for the new size.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { data } = await this.#ask("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data as string, "base64");
  }

  async close(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }

  #ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#sent;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => (error ? reject(new Error(error.message)) : resolve(result ?? {})));
      this.#socket.send(JSON.stringify({ id, method, params, ...(this.#session && { sessionId: this.#session }) }));
    });
  }

  #heard(message: Message): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    }
    const { requestId } = message.params ?? {};
    if (message.method === "Page.loadEventFired") this.#loaded?.();
    if (message.method === "Fetch.requestPaused") void this.#ask("Fetch.continueRequest", { requestId });
    if (message.method === "Fetch.authRequired") {
      const answer = this.credentials
        ? { response: "ProvideCredentials", ...this.credentials }
        : { response: "CancelAuth" };
      void this.#ask("Fetch.continueWithAuth", { requestId, authChallengeResponse: answer });
    }
  }
}

interface Message {
  id?: number;
  method?: string;
  params?: { requestId?: string };
  result?: Record<string, unknown>;
  error?: { message: string };
}
