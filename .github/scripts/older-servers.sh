#!/usr/bin/env bash
# Fetches the servers that tests/integration/upgrade-versions.test.ts upgrades from, each as FOLDER/inngest-VERSION.
# older-servers.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."

mkdir -p "$1"
while read -r version; do
  ln -sf "$(node cli/engines.ts fetch inngest "$version")" "$1/inngest-$version"
done <tests/fixtures/older-servers
