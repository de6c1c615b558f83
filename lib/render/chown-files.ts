/**
 * Shell lines that make the current user the owner of files below /data that a container which ran as root has left
 * there since the folders changed owner. The user owns the folders, so it may put a copy in a file's place.
 */
export const chownFiles = [
  'find /data -type f ! -user "$(id -u)" | while read -r file; do',
  '  cp "$file" "$file.own" && mv -f "$file.own" "$file"',
  "done",
].join("\n");
