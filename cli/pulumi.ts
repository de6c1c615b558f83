/** Pulumi's CLI with the backend and the passphrase of the other commands: `npm run pulumi -- up -s persistent`. */
import { Problem } from "../lib/problem.ts";
import { Pulumi } from "./lib/pulumi-cli.ts";

try {
  process.exitCode = await (await Pulumi.find()).run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Problem ? error.message : error);
  process.exitCode = 1;
}
