import { type RotationStep, rotationSteps } from "../../lib/stack/key-rotation.ts";
import type { Journal } from "../lib/journal.ts";

/** The setting `keys`. */
export interface RotationState {
  generation: number;
  step: RotationStep;
}

/** What a rotation works with. */
export interface RotationTools {
  /** Names the generation whose last step has begun: after it the setting no longer shows that a rotation is under way. */
  journal: Pick<Journal<{ generation: number }>, "read" | "write" | "remove">;
  /** Writes the setting `keys`, all of it or nothing. */
  configure(state: RotationState): Promise<void>;
  /** Brings every stack that uses these keys up with the step in the setting. */
  apply(step: RotationStep): Promise<void>;
}

/**
 * Rotates the keys from `state` to the end, or until after a step that `pausesAfter`. It may be killed anywhere: each
 * step is in the setting before any stack takes it, so the next run takes the same step again and continues.
 *
 * @returns the step that was reached, `none` at the end
 */
export async function rotateKeys(
  { journal, configure, apply }: RotationTools,
  { generation, step }: RotationState,
  pausesAfter: (step: RotationStep) => boolean,
): Promise<RotationStep> {
  const inLastStep = step === "none" && journal.read()?.generation === generation;
  if (inLastStep || step !== "none") await apply(step);
  if (!inLastStep) {
    do {
      step = rotationSteps[(rotationSteps.indexOf(step) + 1) % rotationSteps.length] as RotationStep;
      if (step === "accept") generation++;
      if (step === "none") journal.write({ generation });
      await configure({ generation, step });
      await apply(step);
      if (pausesAfter(step)) return step;
    } while (step !== "none");
  }
  journal.remove();
  return "none";
}
