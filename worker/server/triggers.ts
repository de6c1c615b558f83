/** What starts a function. A conditional event has its expression in `if`. */
export type Trigger = { event: string; if?: string } | { cron: string };

/** A function as the app declares it or as the server lists it. Without triggers it is only invoked. */
export interface ListedFunction {
  id: string;
  triggers: Trigger[];
}

/** The crons among a function's triggers. */
export function cronsOf({ triggers }: ListedFunction): string[] {
  return triggers.flatMap((trigger) => ("cron" in trigger ? [trigger.cron] : []));
}

/** A function's triggers as sorted, human-readable text: `cron 0 * * * *, event task/process if event.data.url != ''`. */
export function triggersText({ triggers }: ListedFunction): string {
  return triggers.map(triggerText).toSorted().join(", ");
}

function triggerText(trigger: Trigger): string {
  if ("cron" in trigger) return `cron ${trigger.cron}`;
  return `event ${trigger.event}${trigger.if ? ` if ${trigger.if}` : ""}`;
}
