/** The policy pack: `pulumi preview --policy-pack policy`. Hands each resource to the rules in `rules/`. */
import { type PolicyConfigSchema, PolicyPack, type ResourceValidationPolicy } from "@pulumi/policy";
import { Config } from "@pulumi/pulumi";
import { replaceUnknowns } from "./resource.ts";
import { protectedData } from "./rules/durability.ts";
import { type AnyRule, defaultsOf, rules } from "./rules/index.ts";
import type { Schema } from "./rules/rule.ts";

new PolicyPack("inngest-local", { policies: rules.map(policyOf) });

function policyOf(rule: AnyRule): ResourceValidationPolicy {
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
        typeChain: urn.split("::")[2] ?? type,
        properties: replaceUnknowns(props),
        protect: opts.protect,
        additionalSecretOutputs: opts.additionalSecretOutputs,
      };
      const violations = rule.check(resource, { ...defaults, ...getConfig() });
      if (violations.length > 0) report(`${violations.join("; ")}. Remedy: ${rule.remedy}`);
    },
  };
}

/** The rule's settings. With `protectData: false` the components of this project do not retain their volumes. */
function settingsOf(rule: AnyRule): Record<string, Schema<unknown>> {
  const unprotected = new Config("inngest-local").get("protectData") === "false";
  if (rule.name !== protectedData.name || !unprotected) return rule.settings ?? {};
  return { keptBy: { type: "array", items: { type: "string" }, default: [] } };
}
