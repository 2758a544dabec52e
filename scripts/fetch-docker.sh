#!/usr/bin/env bash
# Extracts Debian's Docker engine into .tools/docker/, unless a dockerd is on the PATH. Only libraries and iptables are
# installed: the packages of the engine would start a service.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
command -v iptables >/dev/null || missing+=(iptables)
command -v ip >/dev/null || missing+=(iproute2)
command -v dockerd >/dev/null || [ -x .tools/docker/dockerd ] || missing+=(libdevmapper1.02.1 libseccomp2 ca-certificates)
[ ${#missing[@]} -eq 0 ] || scripts/install-packages.sh "${missing[@]}"
if command -v dockerd >/dev/null || [ -x .tools/docker/dockerd ]; then
  exit 0
fi
mkdir -p .tools
work=$(mktemp -d "$PWD/.tools/docker-XXXXXX")
trap 'rm -rf "$work"' EXIT
packages=(docker.io containerd runc tini)
# From Debian 13 on, the command docker is in a package of its own.
if apt-cache show docker-cli >/dev/null 2>&1; then packages+=(docker-cli); fi
(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}")
for package in "$work"/*.deb; do
  dpkg-deb --extract "$package" "$work/files"
done
mkdir "$work/programs"
for program in bin/docker bin/containerd bin/containerd-shim-runc-v2 sbin/dockerd sbin/docker-proxy sbin/runc; do
  mv "$work/files/usr/$program" "$work/programs/"
done
mv "$work/files/usr/bin/tini-static" "$work/programs/docker-init"
rm -rf .tools/docker
mv "$work/programs" .tools/docker
