#!/usr/bin/env bash
# Packs the project, installs the package in an empty folder and tests a Pulumi program there that uses its components.
# pack.sh [FOLDER]   also copies the package to FOLDER; with PREVIEW=1 it also runs `pulumi preview` on the program
set -euo pipefail
cd "$(dirname "$0")/../.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
npm pack --silent --pack-destination "$scratch" >/dev/null
package=$(echo "$scratch"/*.tgz)
[ -z "${PREVIEW:-}" ] || PATH=$(dirname "$(node cli/engines.ts fetch pulumi)"):$PATH

cp -R examples/pulumi-program "$scratch/program"
cd "$scratch/program"
rm -rf node_modules package-lock.json
npm install --no-audit --no-fund --ignore-scripts --prefer-offline "$package"
npm test
if [ -n "${PREVIEW:-}" ]; then
  mkdir "$scratch/state"
  export PULUMI_BACKEND_URL=file://$scratch/state PULUMI_CONFIG_PASSPHRASE=test
  pulumi stack init test --non-interactive
  pulumi preview --stack test --non-interactive
fi

cd "$OLDPWD"
if [ $# -gt 0 ]; then
  mkdir -p "$1"
  cp "$package" "$1"
fi
echo "$(basename "$package"): $(tar -tzf "$package" | wc -l | tr -d ' ') files"
