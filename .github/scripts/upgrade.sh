#!/usr/bin/env bash
# Upgrades a real stack from revision BASE to this one: starts the stack at BASE and runs a function, shows what this
# revision changes, starts the stack again and runs another function. Then a preview must show no changes, and the history
# must still have the first run (checked only where the API is reachable from this machine, not in a cluster).
# upgrade.sh STACK BASE   SETTINGS="kubeContext=kind-kind workerImage=..." adds settings to those in the stack's file
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1
base=$2

scratch=$(mktemp -d)
# Both revisions share one backend, passphrase and data folder, which only this run uses.
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

echo "== changes by this revision"
cd "$head"
configure
npm run -s pulumi -- preview --diff --stack "$stack" --non-interactive

echo "== $stack at this revision"
npm start -- --stack "$stack"
npm run -s pulumi -- preview --expect-no-changes --stack "$stack" --non-interactive
if [ "$stack" != kubernetes ] && [ "$stack" != cluster ]; then
  output() { npm run -s pulumi -- stack output "$1" --show-secrets --stack "$stack"; }
  # On standard input, because other users can list arguments.
  found=$(output signingKey | sed 's/^/authorization: Bearer /' |
    curl --fail --silent --show-error --header @- "$(output apiUrl)/v1/runs/$run")
  grep --quiet '"status":"Completed"' <<<"$found"
  echo "== the history still has the first run"
fi
