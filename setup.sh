#!/usr/bin/env bash
# Brings inngest-local into a folder and hands over to its setup:
#   curl -sL URL/setup.sh | bash -s -- 2
# INNGEST_LOCAL_DIR   the folder                    (default: ~/inngest-local)
# INNGEST_LOCAL_REPO  where git finds the project
set -euo pipefail

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

main() {
  local folder=${INNGEST_LOCAL_DIR:-$HOME/inngest-local}
  local repository=${INNGEST_LOCAL_REPO:-https://github.com/OWNER/inngest-local}

  command -v git >/dev/null || fail "no git on PATH. Remedy: install git (macOS: xcode-select --install)"
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail "no node and npm on PATH. Remedy: install Node.js (https://nodejs.org)"
  fi

  if [ -e "$folder/.git" ]; then
    grep -qs '^name: inngest-local$' "$folder/Pulumi.yaml" ||
      fail "$folder is another project. Remedy: set INNGEST_LOCAL_DIR to another folder"
    # A folder with changes of its own that git cannot carry along stays as it is.
    git -C "$folder" pull --quiet --ff-only ||
      echo "setup.sh: $folder could not be updated, and stays as it is" >&2
  elif [ -e "$folder" ] && [ -n "$(ls -A "$folder" 2>&1)" ]; then
    fail "$folder has other files. Remedy: set INNGEST_LOCAL_DIR to a folder that is empty or not there yet"
  else
    # Moved there whole, so that a clone which is cut off leaves nothing behind that looks like one.
    mkdir -p "$(dirname "$folder")"
    draft=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    git clone --quiet "$repository" "$draft/clone" || fail "git could not clone $repository"
    [ ! -e "$folder" ] || rmdir "$folder"
    mv "$draft/clone" "$folder"
    rmdir "$draft"
    trap - EXIT
  fi

  cd "$folder"
  # Standard input is this script when it comes through a pipe: questions are asked on the terminal, if there is one.
  if [ ! -t 0 ] && [ -t 1 ] && (: </dev/tty) 2>/dev/null; then
    exec npm run --silent setup -- "$@" </dev/tty
  fi
  exec npm run --silent setup -- "$@"
}

# On the last line, so that a download which is cut off does nothing.
main "$@"
