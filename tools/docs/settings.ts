import { type SettingSpec, schema, type Tier } from "../../lib/settings/schema.ts";

const specs = Object.entries<SettingSpec>(schema);

/** Every setting as a row of a Markdown table. */
export function settingsTable(): string {
  const rows = specs.map(([key, spec]) => {
    const isEmpty = spec.default === "" || spec.kind === "object";
    return `| \`${key}\` | ${isEmpty ? "" : `\`${spec.default}\``} | ${describe(spec)} |`;
  });
  return ["| setting | default | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** The entries of Pulumi.yaml's `config`. */
export function configBlock(): string {
  const entries = specs.map(([key, spec]) =>
    [
      `  ${key}:`,
      `    description: ${JSON.stringify(describe(spec, false))}`,
      ...(spec.kind === "secret" ? ["    secret: true"] : []),
      `    default: ${yamlOf(spec)}`,
    ].join("\n"),
  );
  return entries.join("\n");
}

function describe({ kind, text, tiers }: SettingSpec, marksSecrets = true): string {
  const sentence = tiers ? `${scopeOf(tiers)}: ${text}` : text.charAt(0).toUpperCase() + text.slice(1);
  return marksSecrets && kind === "secret" ? `${sentence} (secret)` : sentence;
}

/** Tiers as a reader knows them: both that run on Kubernetes are "Kubernetes tiers". */
function scopeOf(tiers: readonly Tier[]): string {
  const isOnBoth = tiers.includes("kubernetes") && tiers.includes("cluster");
  const names = isOnBoth ? [...tiers.filter((tier) => tier === "process" || tier === "docker"), "kubernetes"] : tiers;
  const list = names.map((name) => name.charAt(0).toUpperCase() + name.slice(1)).join(" and ");
  return `${list} ${isOnBoth ? "tiers" : "tier"}`;
}

/** A default as YAML. A text is quoted, so that `off` stays one. */
function yamlOf(spec: SettingSpec): string {
  const isPlain = spec.kind === "flag" || spec.kind === "whole" || (spec.kind === "object" && spec.default !== "");
  return isPlain ? spec.default : JSON.stringify(spec.default);
}
