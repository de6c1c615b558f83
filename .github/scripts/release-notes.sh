#!/usr/bin/env bash
# Prints the section of CHANGELOG.md for a tag. Fails if tag, package.json and changelog do not have the same version.
# release-notes.sh vX.Y.Z
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1#v}

packaged=$(node -p "require('./package.json').version")
[ "$version" = "$packaged" ] || { echo "the tag is $1, but the version in package.json is $packaged" >&2; exit 1; }
notes=$(awk -v version="$version" '/^## /{shown = ($2 == version)} shown && !/^## /' CHANGELOG.md)
[ -n "${notes//[[:space:]]/}" ] || { echo "CHANGELOG.md has no section $version" >&2; exit 1; }
echo "$notes"
