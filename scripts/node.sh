#!/bin/sh
# Prints the folder of a Node 24. It is the machine's own if it is new enough. Otherwise the binary of the npm package
# node-linux-<arch> is downloaded into the cache.
set -eu
version=24.21.0
if command -v node >/dev/null 2>&1 && node -e '
  const [a, b] = process.versions.node.split(".").map(Number); process.exit(a === 24 && b >= 15 ? 0 : 1)' 2>/dev/null; then
  dirname "$(command -v node)"
  exit 0
fi
case "$(uname -m)" in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "no Node $version for $(uname -m): install Node 24 and run again" >&2; exit 1 ;;
esac
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kafka-lab-operator
home=$cache/node-$version
if [ ! -x "$home/bin/node" ]; then
  command -v npm >/dev/null 2>&1 || { echo "npm is missing: apt-get install -y npm (or install Node 24) and run again" >&2; exit 1; }
  started=$(date +%s)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "node-linux-$arch@$version" >/dev/null && tar xzf ./*.tgz)
  mkdir -p "$home.new.$$"
  cp -R "$work/package/." "$home.new.$$/"
  rm -rf "$home"
  mv "$home.new.$$" "$home"
  printf '  %6d.0 s  Node %s from npm\n' $(($(date +%s) - started)) "$version" >&2
fi
echo "$home/bin"
