#!/usr/bin/env bash
# The way from one revision to this one, on a stack that is really there: brings the stack up as BASE has it, runs a function,
# shows what this revision would change, brings that up, and runs a function again. Then nothing is left to change, and the
# history still has the first run (asked where the API is on this machine, not in a cluster).
# upgrade.sh STACK BASE   (settings that the stack needs beside its file: SETTINGS="kubeContext=kind-kind workerImage=...")
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1
base=$2

scratch=$(mktemp -d)
# Both revisions share one backend, one passphrase and one data folder of this run's own.
export XDG_DATA_HOME=$scratch/data XDG_CONFIG_HOME=$scratch/config
head=$PWD
settings=$head/Pulumi.$stack.yaml
cp "$settings" "$scratch/settings.yaml"
finish() {
  cd "$head"
  npm run -s destroy -- --stack "$stack" --delete-data --yes || true
  cp "$scratch/settings.yaml" "$settings"
  git worktree remove --force "$scratch/base" || true
  rm -rf "$scratch"
}
trap finish EXIT

configure() {
  local pair
  for pair in ${SETTINGS:-}; do
    npm run -s pulumi -- config set "${pair%%=*}" "${pair#*=}" --stack "$stack"
  done
}

echo "== $stack at $base"
git worktree add --quiet --detach "$scratch/base" "$base"
cd "$scratch/base"
npm ci --no-audit --no-fund
if [ -n "${SETTINGS:-}" ]; then
  npm run -s pulumi -- stack init "$stack" --non-interactive
  configure
fi
npm start -- --stack "$stack" | tee "$scratch/started"
run=$(sed -n 's/^Function .* (run \(.*\))\.$/\1/p' "$scratch/started")

echo "== what this revision changes"
cd "$head"
configure
npm run -s pulumi -- preview --diff --stack "$stack" --non-interactive

echo "== $stack at this revision"
npm start -- --stack "$stack"
npm run -s pulumi -- preview --expect-no-changes --stack "$stack" --non-interactive
if [ "$stack" != kubernetes ] && [ "$stack" != cluster ]; then
  output() { npm run -s pulumi -- stack output "$1" --show-secrets --stack "$stack"; }
  # By standard input: whoever lists processes sees arguments.
  found=$(output signingKey | sed 's/^/authorization: Bearer /' |
    curl --fail --silent --show-error --header @- "$(output apiUrl)/v1/runs/$run")
  grep --quiet '"status":"Completed"' <<<"$found"
  echo "== the run from before is still there"
fi
