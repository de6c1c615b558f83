import resource from "@pulumi/pulumi/proto/resource_pb.js";

/**
 * Keeps secrets out of Pulumi's debug log, which `pulumi up --debug` prints and `--event-log` writes to a file. The SDK
 * puts every answer of the engine into it as text, the outputs of every resource among them, secrets in clear (read in
 * `runtime/resource.js` and `runtime/invoke.js` of 3.270.0, and found in an event log); it has no setting for that.
 */
export function keepSecretsOutOfDebugLog(): void {
  // Every message of the protocol inherits its text from here.
  const message = Object.getPrototypeOf(resource.RegisterResourceResponse.prototype) as object;
  message.toString = () => "[answer]";
}
