#!/bin/sh
# Builds the one-program Kubernetes and CoreDNS into the folder $1. Both come from one module, so what they share is
# compiled once. Nobody debugs them here: code without DWARF is compiled and linked sooner. GOGC: the compiler collects
# garbage a tenth of its time otherwise.
set -eu
cd "$(dirname "$0")"
version=v$(sed -n 's/^\tk8s.io\/kubernetes v//p' go.mod)
base=k8s.io/component-base/version
flags="-s -w -X $base.gitVersion=$version -X $base.gitMajor=1 -X $base.gitMinor=$(echo "$version" | cut -d. -f2) -X $base.gitTreeState=clean"
mkdir -p "$1"
GOGC=400 CGO_ENABLED=0 go build -trimpath -gcflags=all=-dwarf=false -ldflags "$flags -X k8s.io/client-go/pkg/version.gitVersion=$version" -o "$1/" ./kubernetes ./coredns
