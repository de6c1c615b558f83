#!/usr/bin/env bash
# Lint, types and unit tests on the Node on PATH; npm scripts would use the one that package.json pins.
set -euo pipefail
cd "$(dirname "$0")/../.."

node --version
for folder in worker examples; do npm ci --prefix "$folder" --no-audit --no-fund; done
node node_modules/@biomejs/biome/bin/biome check --error-on-warnings .
node node_modules/typescript/bin/tsc --noEmit
node node_modules/typescript/bin/tsc --noEmit --project worker
node node_modules/vitest/vitest.mjs run --project unit --project process --project repository
