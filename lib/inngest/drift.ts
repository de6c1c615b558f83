import type { ListedFunction } from "./api.ts";

/** One difference between what a worker declares and what its server lists. */
export interface FunctionDrift {
  function: string;
  problem: "missing" | "unexpected" | "triggers";
  /** Triggers in the code; absent when the function is not there. */
  declared?: string;
  /** Triggers on the server; absent when the function is not there. */
  listed?: string;
}

/** Functions that the server lacks, lists with other triggers, or lists in addition. */
export function driftBetween(declared: ListedFunction[], listed: ListedFunction[]): FunctionDrift[] {
  const onServer = new Map(listed.map(({ id, triggers }) => [id, triggers.join(", ")]));
  const inCode = new Set(declared.map(({ id }) => id));
  return [
    ...declared.flatMap(({ id, triggers }): FunctionDrift[] => {
      const wanted = triggers.join(", ");
      const there = onServer.get(id);
      if (there === undefined) return [{ function: id, problem: "missing", declared: wanted }];
      return there === wanted ? [] : [{ function: id, problem: "triggers", declared: wanted, listed: there }];
    }),
    ...listed.flatMap(({ id, triggers }): FunctionDrift[] =>
      inCode.has(id) ? [] : [{ function: id, problem: "unexpected", listed: triggers.join(", ") }],
    ),
  ];
}

/** A difference in words. */
export function driftText({ function: id, problem, declared, listed }: FunctionDrift): string {
  switch (problem) {
    case "missing":
      return `${id} is missing`;
    case "unexpected":
      return `${id} is on the server only`;
    case "triggers":
      return `${id} has triggers ${listed} instead of ${declared}`;
  }
}
