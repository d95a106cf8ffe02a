#!/usr/bin/env bash
# The checks of `make verify`, with one line per check. The first failure ends it.
set -euo pipefail
cd "$(dirname "$0")/.."

check() {
  local name=$1 started=$SECONDS output
  shift
  if output=$("$@" 2>&1); then
    printf '  ok  %-28s %3ds\n' "$name" $((SECONDS - started))
  else
    printf 'FAIL  %s: %s\n%s\n' "$name" "$*" "$output"
    return 1
  fi
}

# Checks that the generated files match the sources. It compares contents, so uncommitted changes are allowed.
generated() {
  local before after
  before=$(cat crds/* manifests/install.yaml | sha256sum; find charts -type f -print0 | sort -z | xargs -0 cat | sha256sum)
  node src/main/generate.ts
  after=$(cat crds/* manifests/install.yaml | sha256sum; find charts -type f -print0 | sort -z | xargs -0 cat | sha256sum)
  [ "$before" = "$after" ] || { echo "generated files were out of date: commit what 'make generate' wrote"; return 1; }
}

check 'format and lint' npx biome ci --error-on-warnings
check 'types' npx tsc -p .
check 'import boundaries' npx depcruise --config .dependency-cruiser.cjs src tools scripts test
check 'unused code' npx knip
check 'generated files' generated
node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js --selectProjects unit property
