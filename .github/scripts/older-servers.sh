#!/usr/bin/env bash
# Installs the servers that tests/integration/upgrade-versions.test.ts upgrades from, each as FOLDER/inngest-VERSION.
# older-servers.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."

while read -r version; do
  npm install --prefix "$1/$version" --no-audit --no-fund "inngest-cli@$version"
  ln -sf "$1/$version/node_modules/inngest-cli/bin/inngest" "$1/inngest-$version"
done <tests/fixtures/older-servers
