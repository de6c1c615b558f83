#!/usr/bin/env bash
# Lint, types and unit tests on the Node on PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."

node --version
for folder in worker examples; do npm ci --prefix "$folder" --no-audit --no-fund; done
npm run lint
npm run types
npm run types -- --project worker
npx vitest run --project unit --project process --project repository
