#!/bin/sh
# Builds CoreDNS into the file named by $1.
set -eu
cd "$(dirname "$0")"
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$1" .
