import type { ListedFunction } from "./api.ts";

/** One difference between what a worker declares and what its server has. */
export interface FunctionDrift {
  function: string;
  problem: "missing" | "unexpected" | "triggers";
  /** Triggers as the worker declares them; absent where it does not. */
  declared?: string;
  /** Triggers as the server has them; absent where it has not. */
  listed?: string;
}

/** What of `declared` the server lacks, has otherwise, or has beside it. */
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
