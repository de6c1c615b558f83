#!/usr/bin/env bash
# Prints what CHANGELOG.md says of a tag, and fails where tag, package.json and changelog are not of one version.
# release-notes.sh vX.Y.Z
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1#v}

packaged=$(node -p "require('./package.json').version")
[ "$version" = "$packaged" ] || { echo "the tag is $1, and package.json says $packaged" >&2; exit 1; }
notes=$(awk -v version="$version" '/^## /{shown = ($2 == version)} shown && !/^## /' CHANGELOG.md)
[ -n "${notes//[[:space:]]/}" ] || { echo "CHANGELOG.md has no section $version" >&2; exit 1; }
echo "$notes"
