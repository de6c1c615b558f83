/**
 * Registers a worker with its server, and waits until the server lists its functions.
 * Standard input: a {@link RegistrationSpec}. Run by `Registration` as create and as update.
 */
import { type RegistrationSpec, register } from "../lib/inngest/registration.ts";
import { readStdin, runScript } from "../lib/problem.ts";

await runScript(async () => {
  const result = await register(await readStdin<RegistrationSpec>());
  if (result) console.log(result);
});
