// Compares benchmark reports with those of the run before, as a Markdown table. Ratios are compared, not times: a runner is
// not the same machine twice.
//   node .github/scripts/trend.mjs BEFORE NOW     folders of reports as `npm run bench` writes them
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A ratio that is worse by so much fails. */
const tolerated = 1.5;
const [before = "", now = ""] = process.argv.slice(2);

/** @param {string} folder @returns {Map<string, number>} */
function ratios(folder) {
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith(".json"))
      .flatMap((file) => {
        /** @type {{ name: string, results: { case: string, ratio: number }[] }} */
        const { name, results } = JSON.parse(readFileSync(join(folder, file), "utf8"));
        return results.map((result) => /** @type {[string, number]} */ ([`${name}: ${result.case}`, result.ratio]));
      }),
  );
}

const old = ratios(before);
const rows = [...ratios(now)].map(([name, ratio]) => ({ name, ratio, was: old.get(name) }));
console.log("| benchmark | ratio | before |\n|---|---|---|");
for (const { name, ratio, was } of rows) console.log(`| ${name} | ${ratio} | ${was ?? "–"} |`);
const worse = rows.filter(({ ratio, was }) => was !== undefined && ratio > was * tolerated);
if (worse.length > 0) {
  console.error(
    `worse by more than ${Math.round((tolerated - 1) * 100)} %: ${worse.map(({ name }) => name).join(", ")}`,
  );
  process.exitCode = 1;
}
