#!/usr/bin/env bash
# Clones or updates inngest-local and runs its setup:
#   curl -sL URL/setup.sh | bash -s -- 2
# INNGEST_LOCAL_DIR   the folder to clone into     (default: ~/inngest-local)
# INNGEST_LOCAL_REPO  the repository to clone
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
    # Continues with the version that is there, for example if local changes prevent the update.
    git -C "$folder" pull --quiet --ff-only ||
      echo "setup.sh: git could not update $folder; continuing with the version there" >&2
  elif [ -e "$folder" ] && [ -n "$(ls -A "$folder" 2>&1)" ]; then
    fail "$folder contains other files. Remedy: set INNGEST_LOCAL_DIR to an empty or new folder"
  else
    # Cloned elsewhere and then moved, so that an interrupted clone leaves no partial folder behind.
    mkdir -p "$(dirname "$folder")"
    draft=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    git clone --quiet "$repository" "$draft/clone" ||
      fail "git could not clone $repository. Remedy: check the URL and the network"
    [ ! -e "$folder" ] || rmdir "$folder"
    mv "$draft/clone" "$folder"
    rmdir "$draft"
    trap - EXIT
  fi

  cd "$folder"
  # In a pipe, standard input is this script, so the setup asks its questions on the terminal if there is one.
  if [ ! -t 0 ] && [ -t 1 ] && (: </dev/tty) 2>/dev/null; then
    exec npm run --silent setup -- "$@" </dev/tty
  fi
  exec npm run --silent setup -- "$@"
}

# On the last line, so that an interrupted download does nothing.
main "$@"
