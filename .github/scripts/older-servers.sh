#!/usr/bin/env bash
# Brings the servers that tests/integration/upgrade-versions.test.ts upgrades from: older-servers.sh FOLDER puts each there
# as `inngest-VERSION`.
set -euo pipefail
cd "$(dirname "$0")/../.."

while read -r version; do
  npm install --prefix "$1/$version" --no-audit --no-fund "inngest-cli@$version"
  ln -sf "$1/$version/node_modules/inngest-cli/bin/inngest" "$1/inngest-$version"
done <tests/fixtures/older-servers
