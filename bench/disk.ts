import { steps, stepTarget } from "./chain.ts";
import { type Disk, syncTime, withDisks } from "./support/disks.ts";
import { sidesOf } from "./support/lab.ts";
import { figure, interleave, type Report, report, type Target } from "./support/measure.ts";
import { type Burst, burstOf, stepsOf } from "./support/samples.ts";
import { burst, rateTargets } from "./throughput.ts";

const tiers = ["persistent", "cluster"] as const;

type Sample = Burst & { sync: number; step: number };

/** What rate and speed owe to the disk: the same on disks whose syncs cost nothing, little, and more. */
export async function run(rounds: number): Promise<Report> {
  return await withDisks(async (disks) => {
    const sides = Object.assign({}, ...disks.map(sidesOn)) as Record<string, () => Promise<Sample>>;
    const found = await interleave("disk", rounds, sides);
    const of = (kind: string, { name }: Disk, key: keyof Sample) =>
      (found[`${kind}, ${name}`] ?? []).map((sample) => sample[key]);
    const [memory, own, ...slower] = disks as [Disk, Disk, ...Disk[]];
    return report(
      "disk",
      `${burst} events of a one-step function sent at once, as in \`throughput\`, and before them a function of ${steps} steps, as in ` +
        "`chain`, with all files of server, queue and database, or of the recipe's server, in a file system that is no disk, on this " +
        "machine's own disk, and in a file system within a file of a file system within a file of that disk, where a sync has three to " +
        "go through. A sync: 16 KiB more in a file and fsync, the median of 200. The baseline is the recipe on the same disk, that of a " +
        "sync this machine's own disk. No tier keeps its files in memory. Says nothing of disks that a whole fleet shares.",
      [
        ...[memory, ...slower].map((disk) =>
          figure(`a sync, ${disk.name}`, "µs", of("recipe", disk, "sync"), of("recipe", own, "sync"), rounds),
        ),
        ...disks.flatMap((disk) =>
          tiers.flatMap((kind) => {
            const row = (what: string, unit: string, key: keyof Sample, target: Target) =>
              figure(`${kind}, ${what}, ${disk.name}`, unit, of(kind, disk, key), of("recipe", disk, key), rounds, {
                target: disk === memory ? undefined : target,
              });
            return [row("burst", "runs/s", "rate", rateTargets[kind]), row("chain", "ms a step", "step", stepTarget)];
          }),
        ),
      ],
    );
  });
}

/** The recipe and the tiers with their files on that disk. */
function sidesOn(disk: Disk): Record<string, () => Promise<Sample>> {
  const setups = Object.fromEntries(
    (["recipe", ...tiers] as const).map((kind) => [`${kind}, ${disk.name}`, { kind, parent: disk.folder }]),
  );
  return sidesOf(setups, async (lab) => {
    const sync = syncTime(disk);
    const [step] = (await stepsOf(lab, steps, 1)) as [number];
    return { sync, step, ...(await burstOf(lab, burst)) };
  });
}
