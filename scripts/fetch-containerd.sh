#!/usr/bin/env bash
# Extracts Debian's containerd and the plugins that connect containers to a network into .tools/containerd/. Only iptables
# and libraries are installed: the packages would start a service.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

missing=()
command -v iptables >/dev/null || missing+=(iptables)
command -v ip >/dev/null || missing+=(iproute2)
[ -x .tools/containerd/bridge ] || missing+=(libseccomp2)
[ ${#missing[@]} -eq 0 ] || scripts/install-packages.sh "${missing[@]}"
if [ -x .tools/containerd/bridge ]; then
  exit 0
fi
mkdir -p .tools
work=$(mktemp -d "$PWD/.tools/containerd-XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download -qq -o APT::Sandbox::User=root containerd containernetworking-plugins runc)
for package in "$work"/*.deb; do
  dpkg-deb --extract "$package" "$work/files"
done
mkdir "$work/programs"
for program in bin/containerd bin/containerd-shim-runc-v2 bin/ctr sbin/runc lib/cni/bridge lib/cni/host-local lib/cni/loopback lib/cni/portmap; do
  mv "$work/files/usr/$program" "$work/programs/"
done
rm -rf .tools/containerd
mv "$work/programs" .tools/containerd
