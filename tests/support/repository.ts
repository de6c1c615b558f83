import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

/** Makes a git repository in `folder` whose one commit is this project as it is, uncommitted changes included. */
export function repositoryOfThis(folder: string): void {
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" });
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  const present = listed.split("\0").filter((file) => existsSync(file));
  mkdirSync(folder);
  execFileSync("sh", ["-c", 'tar --null -cf - -T - | tar -xf - -C "$1"', "sh", folder], { input: present.join("\0") });
  git("init", "--quiet");
  git("add", "--all");
  const nobody = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
  git(...nobody, "commit", "--quiet", "--message", "this project");
}
