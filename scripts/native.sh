#!/bin/sh
# Builds the native part of @confluentinc/kafka-javascript for the Node of scripts/node.sh, linked to Debian's libraries.
# npm runs no install scripts here, and the prebuilt download is not used. The result is in the cache, and node_modules has a
# link to it. With a warm cache this takes no time.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$("$root/scripts/node.sh")
PATH=$bin:$PATH
client=$root/node_modules/@confluentinc/kafka-javascript
[ -d "$client" ] || { echo "$client is missing: npm ci, then run again" >&2; exit 1; }

name=$(node -p '`native-${require(process.argv[1]).version}-node${process.versions.modules}-${process.arch}`' "$client/package.json")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kafka-lab-operator
built=$cache/$name
addon=Release/confluent-kafka-javascript.node

# The link is current if it points to this version and this Node, and the cache still has the file.
current() { [ -f "$client/build/$addon" ] && [ "$(readlink "$client/build" 2>/dev/null)" = "$built" ]; }
link() {
  # The link is created under a new name and then moved, so that two simultaneous runs do not disturb each other.
  ln -s "$built" "$client/build.new.$$"
  [ -L "$client/build" ] || rm -rf "$client/build"
  mv -T "$client/build.new.$$" "$client/build"
}
if current; then exit 0; fi
if [ -f "$built/$addon" ]; then link; exit 0; fi

missing=
for command in g++ make python3; do
  command -v "$command" >/dev/null 2>&1 || missing="$missing $command"
done
for pair in openssl/ssl.h:libssl-dev zlib.h:zlib1g-dev zstd.h:libzstd-dev; do
  command -v g++ >/dev/null 2>&1 && echo "#include <${pair%%:*}>" | g++ -E -x c++ - >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    # shellcheck disable=SC2086 # a list of packages
    if ! said=$(apt-get update -qq 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing 2>&1); then
      echo "$said" >&2
      exit 1
    fi
  else
    echo "missing:$missing
install them and run again: sudo apt-get install -y$missing" >&2
    exit 1
  fi
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The npm package of Node contains the headers. For a Node without headers, those of the same version are downloaded.
nodedir=$(dirname "$bin")
if [ ! -f "$nodedir/include/node/node_version.h" ]; then
  nodedir=$work/node
  mkdir "$nodedir"
  package=$(node -p '`node-linux-${process.arch}@${process.versions.node}`')
  (cd "$nodedir" && npm pack --silent "$package" >/dev/null && tar xzf ./*.tgz --strip-components=1 package/include)
fi

started=$(date +%s)
mkdir "$work/client"
(cd "$client" && tar cf - --exclude=./build --exclude=./node_modules .) | tar xf - -C "$work/client"
ln -s "$root/node_modules" "$work/node_modules" # nan
# librdkafka uses curl and SASL if their headers exist, but the image has neither. Its own build would run a compiler for each
# file at the same time. The symbols for a debugger would be stripped below.
sed -i 's/"make", "-j", /"make", "-j'"$(nproc)"'", /' "$work/client/deps/librdkafka.gyp"
sed -i "s/opts = '';/opts = '--disable-curl --disable-gssapi --disable-debug-symbols';/" "$work/client/util/configure.js"
if ! (
  cd "$work/client"
  export CKJS_LINKING=dynamic npm_config_nodedir="$nodedir"
  # librdkafka is configured first, because the rules of gyp for it fail with parallel jobs.
  node util/configure && npm run configure && JOBS=$(nproc) npm run build
) >"$cache/$name.log" 2>&1; then
  tail -n 30 "$cache/$name.log" >&2
  echo "the build failed; the whole log is $cache/$name.log" >&2
  exit 1
fi

# The files that are needed at run time, in the layout of the addon's rpath ($ORIGIN/../deps).
mkdir -p "$work/out/Release" "$work/out/deps"
cp "$work/client/build/$addon" "$work/out/Release/"
cp -L "$work/client/build/deps/librdkafka.so.1" "$work/client/build/deps/librdkafka++.so.1" "$work/out/deps/"
strip --strip-unneeded "$work/out/Release/"*.node "$work/out/deps/"*.so.1
if ! mv -T "$work/out" "$built" 2>/dev/null && [ ! -f "$built/$addon" ]; then
  echo "cannot write $built" >&2
  exit 1
fi
link
printf '  %6d.0 s  native Kafka client (log: %s)\n' $(($(date +%s) - started)) "$cache/$name.log" >&2
