// Compares benchmark reports with those of the previous run and prints a Markdown table. It compares ratios, not times,
// because runners differ.
//   node .github/scripts/trend.mjs BEFORE NOW     folders with reports of `npm run bench`
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Units where more is better. */
const unitsToMaximize = new Set(["runs/s", "runs"]);
/** Factor by which a ratio may get worse. */
const tolerance = 1.5;
const [before = "", now = ""] = process.argv.slice(2);

/** @param {string} folder @returns {Map<string, { ratio: number | null, moreIsBetter: boolean }>} */
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
            /** @type {[string, { ratio: number | null, moreIsBetter: boolean }]} */ ([
              `${name}: ${title}`,
              { ratio, moreIsBetter: unitsToMaximize.has(unit) },
            ]),
        );
      }),
  );
}

const previous = ratios(before);
const rows = [...ratios(now)].map(([name, figure]) => ({
  name,
  ...figure,
  was: previous.get(name)?.ratio ?? undefined,
}));
console.log("| benchmark | ratio | before |\n|---|---|---|");
for (const { name, ratio, was } of rows) console.log(`| ${name} | ${ratio ?? "–"} | ${was ?? "–"} |`);
const worse = rows.filter(({ ratio, was, moreIsBetter }) => {
  if (was === undefined || ratio === null) return false;
  return moreIsBetter ? ratio < was / tolerance : ratio > was * tolerance;
});
if (worse.length > 0) {
  console.error(
    `worse by more than ${Math.round((tolerance - 1) * 100)} %: ${worse.map(({ name }) => name).join(", ")}`,
  );
  process.exitCode = 1;
}
