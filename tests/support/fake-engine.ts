import { createRequire } from "node:module";
import { execa } from "execa";

const sdk = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));

interface Request {
  getType(): string;
  getName(): string;
  getMessage(): string;
}

interface Response {
  setUrn(urn: string): void;
  setObject(outputs: object): void;
}

type Method = (call: { request: Request }, done: (error: null, response: Response) => void) => void;

/**
 * Runs a program by the SDK's own runner, as `pulumi up` does, against an engine that answers each resource of the
 * program with `outputs`, and every other call with nothing. Resolves to what the program printed, and to the debug
 * messages that it sent to the engine.
 */
export async function runOnFakeEngine(
  program: string,
  outputs: Record<string, string>,
): Promise<{ stdout: string; messages: string[] }> {
  const grpc = sdk("@grpc/grpc-js");
  const { Struct } = sdk("google-protobuf/google/protobuf/struct_pb.js");
  const messages: string[] = [];
  const answer: Record<string, (request: Request, response: Response) => void> = {
    log: (request) => messages.push(request.getMessage()),
    registerResource: (request, response) => {
      const [type, name] = [request.getType(), request.getName()];
      response.setUrn(`urn:pulumi:test::test::${type}::${name}`);
      response.setObject(Struct.fromJavaScript(type === "pulumi:pulumi:Stack" ? {} : outputs));
    },
  };
  const methods = (service: Record<string, { responseType: new () => Response }>) =>
    Object.entries(service).map(([name, { responseType }]): [string, Method] => [
      name,
      ({ request }, done) => {
        const response = new responseType();
        answer[name]?.(request, response);
        done(null, response);
      },
    ]);
  const server = new grpc.Server();
  const { ResourceMonitorService: monitor } = sdk("./proto/resource_grpc_pb.js");
  const { EngineService: engine } = sdk("./proto/engine_grpc_pb.js");
  for (const service of [monitor, engine]) {
    server.addService(service, Object.fromEntries(methods(service)));
  }
  const port = await new Promise<number>((resolve, reject) => {
    const listening = (error: Error | null, port: number) => (error ? reject(error) : resolve(port));
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), listening);
  });
  const flags = ["--project=test", "--stack=test", "--parallel=1"];
  const addresses = ["monitor", "engine"].map((name) => `--${name}=127.0.0.1:${port}`);
  try {
    const { stdout } = await execa(process.execPath, [sdk.resolve("./cmd/run"), ...flags, ...addresses, program]);
    return { stdout, messages };
  } finally {
    server.forceShutdown();
  }
}
