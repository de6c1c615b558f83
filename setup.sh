#!/usr/bin/env bash
# Clones or updates inngest-local and runs its setup; without git it downloads an archive instead:
#   curl -sL URL/setup.sh | bash -s -- 2
# INNGEST_LOCAL_DIR   the folder to put it into    (default: ~/inngest-local)
# INNGEST_LOCAL_REPO  the repository to clone
set -euo pipefail

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

# Puts the project into the new folder $1.
fetch_into() {
  local remedy="Remedy: check the URL and the network"
  if git --version >/dev/null 2>&1; then
    git clone --quiet "$repository" "$1" || fail "git could not clone $repository. $remedy"
  elif command -v curl >/dev/null && command -v tar >/dev/null; then
    mkdir "$1"
    curl --fail --silent --show-error --location "$repository/archive/HEAD.tar.gz" | tar -xzf - -C "$1" --strip-components=1 ||
      fail "curl could not fetch $repository/archive/HEAD.tar.gz. $remedy"
  else
    fail "no git, and not both curl and tar, on PATH. Remedy: install git (macOS: xcode-select --install)"
  fi
}

main() {
  local folder=${INNGEST_LOCAL_DIR:-$HOME/inngest-local}
  repository=${INNGEST_LOCAL_REPO:-https://github.com/OWNER/inngest-local}

  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail "no node and npm on PATH. Remedy: install Node.js (https://nodejs.org)"
  fi

  if [ -e "$folder/.git" ] || [ -e "$folder/Pulumi.yaml" ]; then
    grep -qs '^name: inngest-local$' "$folder/Pulumi.yaml" ||
      fail "$folder is another project. Remedy: set INNGEST_LOCAL_DIR to another folder"
    # Continues with the version that is there, for example if local changes prevent the update.
    { [ -e "$folder/.git" ] && git -C "$folder" pull --quiet --ff-only; } ||
      echo "setup.sh: git could not update $folder; continuing with the version there" >&2
  elif [ -e "$folder" ] && [ -n "$(ls -A "$folder" 2>&1)" ]; then
    fail "$folder contains other files. Remedy: set INNGEST_LOCAL_DIR to an empty or new folder"
  else
    # Fetched elsewhere and then moved, so that an interrupted download leaves no partial folder behind.
    mkdir -p "$(dirname "$folder")"
    draft=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    fetch_into "$draft/clone"
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
