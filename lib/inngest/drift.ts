import { type ListedFunction, triggerText } from "./api.ts";

/** One difference between what a worker declares and what its server has. */
export interface FunctionDrift {
  function: string;
  problem: "missing" | "unexpected" | "triggers";
  /** Triggers as the worker declares them, for people; absent where it does not. */
  declared?: string;
  /** Triggers as the server has them, for people; absent where it has none. */
  listed?: string;
}

/** Functions of `declared` that the server lacks or has with other triggers, and those that only the server has. */
export function driftBetween(declared: ListedFunction[], listed: ListedFunction[]): FunctionDrift[] {
  const onServer = new Map(listed.map((each) => [each.id, triggersOf(each)]));
  const inCode = new Set(declared.map(({ id }) => id));
  return [
    ...declared.flatMap((each): FunctionDrift[] => {
      const wanted = triggersOf(each);
      const found = onServer.get(each.id);
      if (found === undefined) return [{ function: each.id, problem: "missing", declared: wanted }];
      return found === wanted ? [] : [{ function: each.id, problem: "triggers", declared: wanted, listed: found }];
    }),
    ...listed.flatMap((each): FunctionDrift[] =>
      inCode.has(each.id) ? [] : [{ function: each.id, problem: "unexpected", listed: triggersOf(each) }],
    ),
  ];
}

/** The same for people. */
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

/** In an order of their own, because server and worker each have another. */
function triggersOf({ triggers }: ListedFunction): string {
  return triggers.map(triggerText).sort().join(", ");
}
