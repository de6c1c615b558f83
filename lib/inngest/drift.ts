import { type ListedFunction, triggerText } from "./api.ts";

/** One difference between what a worker declares and what its server lists. */
export interface FunctionDrift {
  function: string;
  problem: "missing" | "unexpected" | "triggers";
  /** Triggers in the code, for people; absent when the function is not there. */
  declared?: string;
  /** Triggers on the server, for people; absent when the function is not there. */
  listed?: string;
}

/** Functions that the server lacks, lists with other triggers, or lists in addition. */
export function driftBetween(declared: ListedFunction[], listed: ListedFunction[]): FunctionDrift[] {
  const onServer = new Map(listed.map((each) => [each.id, triggersOf(each)]));
  const inCode = new Set(declared.map(({ id }) => id));
  return [
    ...declared.flatMap((each): FunctionDrift[] => {
      const wanted = triggersOf(each);
      const there = onServer.get(each.id);
      if (there === undefined) return [{ function: each.id, problem: "missing", declared: wanted }];
      return there === wanted ? [] : [{ function: each.id, problem: "triggers", declared: wanted, listed: there }];
    }),
    ...listed.flatMap((each): FunctionDrift[] =>
      inCode.has(each.id) ? [] : [{ function: each.id, problem: "unexpected", listed: triggersOf(each) }],
    ),
  ];
}

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

/** Sorted, because worker and server list them in different orders. */
function triggersOf({ triggers }: ListedFunction): string {
  return triggers.map(triggerText).sort().join(", ");
}
