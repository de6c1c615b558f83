/** The pack: `pulumi preview --policy-pack policy`. What the rules say is in rules/; this only hands resources to them. */
import { type PolicyConfigSchema, PolicyPack, type ResourceValidationPolicy } from "@pulumi/policy";
import { Config } from "@pulumi/pulumi";
import { withoutGuard } from "./resource.ts";
import { defaultsOf, rules } from "./rules/index.ts";
import { protectedData } from "./rules/keeping.ts";
import type { Schema } from "./rules/rule.ts";

type Rule = (typeof rules)[number];

new PolicyPack("inngest-local", { policies: rules.map(policyOf) });

function policyOf(rule: Rule): ResourceValidationPolicy {
  const settings = settingsOf(rule);
  const defaults = defaultsOf(settings);
  return {
    name: rule.name,
    description: rule.description,
    remediationSteps: rule.remedy,
    enforcementLevel: rule.level,
    configSchema: { properties: settings as PolicyConfigSchema["properties"] },
    validateResource({ type, urn, props, opts, getConfig }, report) {
      const resource = {
        type,
        lineage: urn.split("::")[2] ?? type,
        properties: withoutGuard(props),
        protect: opts.protect,
        additionalSecretOutputs: opts.additionalSecretOutputs,
      };
      const seen = rule.check(resource, { ...defaults, ...getConfig() });
      if (seen.length > 0) report(`${seen.join("; ")}. Remedy: ${rule.remedy}`);
    },
  };
}

/** The rule's settings. In a stack of this project that has `protectData: false`, our components keep no volume. */
function settingsOf(rule: Rule): Record<string, Schema<unknown>> {
  const released = new Config("inngest-local").get("protectData") === "false";
  if (rule !== protectedData || !released) return rule.settings ?? {};
  return { keptBy: { type: "array", items: { type: "string" }, default: [] } };
}
