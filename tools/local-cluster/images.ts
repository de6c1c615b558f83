import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { docker } from "../docker.ts";
import { ctr, pauseImage } from "./layout.ts";
import { part } from "./parts.ts";

/** Label with the image's ID on Docker: the node keeps its images when it goes down. */
const label = "inngest-local/docker-id";

/** Copies images from Docker to the node, unless the node already has the same build. */
export function loadImages(images: string[]): void {
  for (const image of images) {
    const name = fullName(image);
    const id = docker("image", "inspect", "--format", "{{.Id}}", image);
    if (ctr(["images", "list", `name==${name}`]).includes(`${label}=${id}`)) continue;
    const folder = mkdtempSync(join(tmpdir(), "image-"));
    try {
      const archive = join(folder, "image.tar");
      docker("save", "--output", archive, image);
      ctr(["images", "import", archive]);
      ctr(["images", "label", name, `${label}=${id}`]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** Stops and removes every container of the node. */
export function removeContainers(): void {
  for (const [kind, remove] of [
    ["tasks", ["tasks", "delete", "--force"]],
    ["containers", ["containers", "delete"]],
  ] as const) {
    try {
      const names = ctr([kind, "list", "--quiet"]).split("\n").filter(Boolean);
      if (names.length > 0) ctr([...remove, ...names]);
    } catch {
      // Without containerd there are no containers.
    }
  }
}

/** The full name that containerd needs: `docker.io/library/redis:7` for `redis:7`. */
function fullName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `docker.io/library/${image}`;
  return /[.:]|^localhost$/.test(first) ? image : `docker.io/${image}`;
}

/** Imports the pause image into Docker if it is missing there, and returns its name. */
export function pauseOnDocker(): string {
  const image = pauseImage.replace("docker.io/", "");
  if (docker("image", "ls", "--quiet", image)) return image;
  const archive = execFileSync("tar", ["-C", dirname(part("pause")), "-c", "pause"], { maxBuffer: 1 << 28 });
  execFileSync("docker", ["import", "--change", 'ENTRYPOINT ["/pause"]', "-", image], {
    input: archive,
    stdio: "pipe",
  });
  return image;
}
