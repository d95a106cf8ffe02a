#!/bin/sh
# Builds the one-program Kubernetes into the file named by $1.
set -eu
cd "$(dirname "$0")"
version=v$(sed -n 's/^\tk8s.io\/kubernetes v//p' go.mod)
base=k8s.io/component-base/version
flags="-s -w -X $base.gitVersion=$version -X $base.gitMajor=1 -X $base.gitMinor=$(echo "$version" | cut -d. -f2) -X $base.gitTreeState=clean"
CGO_ENABLED=0 go build -trimpath -ldflags "$flags -X k8s.io/client-go/pkg/version.gitVersion=$version" -o "$1" .
