import { steps, stepTarget } from "./chain.ts";
import { type Disk, syncTime, withDisks } from "./support/disks.ts";
import { sidesOf } from "./support/local-inngest.ts";
import { figure, interleave, type Report, report, type Target, valuesOf } from "./support/measure.ts";
import { type Burst, measureBurst, stepTimes } from "./support/samples.ts";
import { burst, rateTargets } from "./throughput.ts";

const tiers = ["persistent", "cluster"] as const;

type Sample = Burst & { sync: number; step: number };

/** How much rate and speed depend on the disk: the same measurement on disks with syncs from free to slow. */
export async function run(rounds: number): Promise<Report> {
  return await withDisks(async (disks) => {
    const sides: Record<string, () => Promise<Sample>> = Object.assign({}, ...disks.map(sidesOn));
    const samples = await interleave("disk", rounds, sides);
    const values = (kind: string, { name }: Disk, key: keyof Sample) =>
      valuesOf(samples[`${kind}, ${name}`] ?? [], key);
    const [memory, local, ...slower] = disks as [Disk, Disk, ...Disk[]];
    return report(
      "disk",
      `A function of ${steps} steps, as in \`chain\`, then ${burst} events of a one-step function sent at once, as in \`throughput\`. ` +
        "All files of server, queue and database (baseline: of the recipe's server) are in memory, on this machine's disk, or in two " +
        "nested loop-mounted file systems on that disk, where a sync goes through three file systems. A sync appends 16 KiB to a file " +
        "and calls fsync; the median of 200. The baseline is the recipe on the same disk; for a sync it is this machine's disk. No tier " +
        "keeps its files in memory. Says nothing about disks that many machines share.",
      [
        ...[memory, ...slower].map((disk) =>
          figure(`a sync, ${disk.name}`, "µs", values("recipe", disk, "sync"), values("recipe", local, "sync"), rounds),
        ),
        ...disks.flatMap((disk) =>
          tiers.flatMap((kind) => {
            const row = (what: string, unit: string, key: keyof Sample, target: Target) =>
              figure(
                `${kind}, ${what}, ${disk.name}`,
                unit,
                values(kind, disk, key),
                values("recipe", disk, key),
                rounds,
                { target: disk === memory ? undefined : target },
              );
            return [row("burst", "runs/s", "rate", rateTargets[kind]), row("chain", "ms a step", "step", stepTarget)];
          }),
        ),
      ],
    );
  });
}

/** The recipe and the tiers with their files on this disk. */
function sidesOn(disk: Disk): Record<string, () => Promise<Sample>> {
  const setups = Object.fromEntries(
    (["recipe", ...tiers] as const).map((kind) => [`${kind}, ${disk.name}`, { kind, parent: disk.folder }]),
  );
  return sidesOf(setups, async (inngest) => {
    const sync = syncTime(disk);
    const [step] = (await stepTimes(inngest, steps, 1)) as [number];
    return { sync, step, ...(await measureBurst(inngest, burst)) };
  });
}
