#!/bin/bash
# Installs the conformance program and the real clients: test/clients/install.sh [SECTION...], all sections unless some
# are named. For Debian 12 as root, with Go 1.25 or later. What is there already is left alone, so it may run again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
debian13_root=${DEBIAN13_ROOT:-/var/lib/portolan-clients/debian13}
# Two at once: compiling Helm takes 1 GB for each.
export GOFLAGS=${GOFLAGS:--p=2} DEBIAN_FRONTEND=noninteractive
sections=(debian conformance crane regctl oras helm debian13)

# docker, containerd and ctr, podman, buildah, skopeo; busybox is what the test images are made of.
debian() {
  local packages=(docker.io containerd podman buildah skopeo crun iptables busybox-static debootstrap ca-certificates)
  dpkg --status "${packages[@]}" >/dev/null 2>&1 || apt_install "${packages[@]}"
}

apt_install() {
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends "$@" </dev/null
}

conformance() {
  # The same version as in test/conformance/program.ts, which refuses another.
  local version=v0.0.0-20260831232431-97274622c111
  go_install conformance "$version" github.com/opencontainers/distribution-spec/conformance
}
crane() { go_install crane v0.20.7 github.com/google/go-containerregistry/cmd/crane; }
regctl() { go_install regctl v0.11.5 github.com/regclient/regclient/cmd/regctl; }
oras() { go_install oras v1.3.3 oras.land/oras/cmd/oras; }
helm() { go_install helm v3.19.2 helm.sh/helm/v3/cmd/helm; }

# go_install PROGRAM VERSION PACKAGE: into $(go env GOPATH)/bin, unless that version is there.
go_install() {
  local program
  program=$(go env GOPATH)/bin/$1
  if [ -x "$program" ] && go version -m "$program" | grep -qP "^\tmod\t.*\t$2\b"; then return; fi
  go install -ldflags "-X main.Version=$2" "$3@$2"
}

# A root file system with what Debian 12 does not have: Docker with the containerd image store, BuildKit, cosign.
debian13() {
  if [ -e "$debian13_root/complete" ]; then return; fi
  local packages=(docker.io docker-cli docker-buildx containerd cosign)
  rm -rf "$debian13_root"
  mkdir -p "$(dirname "$debian13_root")"
  debootstrap --variant=minbase --include=ca-certificates trixie "$debian13_root" >/dev/null
  # No daemon may start while packages are set up.
  printf '#!/bin/sh\nexit 101\n' >"$debian13_root/usr/sbin/policy-rc.d"
  chmod +x "$debian13_root/usr/sbin/policy-rc.d"
  bash "$here/lab/debian13.sh" "$debian13_root" apt-get -qq install -y --no-install-recommends "${packages[@]}" </dev/null
  touch "$debian13_root/complete"
}

[ "$#" -eq 0 ] || sections=("$@")
for section in "${sections[@]}"; do
  begun=$SECONDS
  "$section"
  echo "$section: $((SECONDS - begun)) s"
done
