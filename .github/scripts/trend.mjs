// Compares benchmark reports with those of the run before, as a Markdown table. Ratios are compared, not times: a runner is
// not the same machine twice.
//   node .github/scripts/trend.mjs BEFORE NOW     folders of reports as `npm run bench` writes them
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Units of which more is better; of all others less is. */
const gains = new Set(["runs/s", "runs"]);
/** A ratio that is worse by so much fails. */
const tolerated = 1.5;
const [before = "", now = ""] = process.argv.slice(2);

/** @param {string} folder @returns {Map<string, { ratio: number | null, gain: boolean }>} */
function ratios(folder) {
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith(".json"))
      .flatMap((file) => {
        /** @type {{ name: string, results: { case: string, unit?: string, ratio: number | null }[] }} */
        const { name, results } = JSON.parse(readFileSync(join(folder, file), "utf8"));
        return results.map(
          ({ case: title, unit = "", ratio }) =>
            /** @type {[string, { ratio: number | null, gain: boolean }]} */ ([
              `${name}: ${title}`,
              { ratio, gain: gains.has(unit) },
            ]),
        );
      }),
  );
}

const old = ratios(before);
const rows = [...ratios(now)].map(([name, figure]) => ({ name, ...figure, was: old.get(name)?.ratio ?? undefined }));
console.log("| benchmark | ratio | before |\n|---|---|---|");
for (const { name, ratio, was } of rows) console.log(`| ${name} | ${ratio ?? "–"} | ${was ?? "–"} |`);
const worse = rows.filter(({ ratio, was, gain }) => {
  if (was === undefined || ratio === null) return false;
  return gain ? ratio < was / tolerated : ratio > was * tolerated;
});
if (worse.length > 0) {
  console.error(
    `worse by more than ${Math.round((tolerated - 1) * 100)} %: ${worse.map(({ name }) => name).join(", ")}`,
  );
  process.exitCode = 1;
}
