#!/usr/bin/env bash
# Installs NanoMon, all in one process on a database of its own, as the systemd service nanomon; or upgrades it.
set -euo pipefail

readonly program=/usr/local/bin/nanomon settings=/etc/nanomon/nanomon.env data=/var/lib/nanomon
readonly unit=/etc/systemd/system/nanomon.service

usage() {
  cat <<USAGE
usage: $0 [--from WHERE] [--root DIR]
       $0 --uninstall [--purge] [--yes] [--root DIR]

  --from WHERE  a release: the URL (https) or the folder that has its archives and SHA256SUMS;
                or the binary itself. Without it: the file standalone beside this script
  --uninstall   remove the service; data and settings stay
  --purge       remove data, settings and the user nanomon too
  --yes         don't ask
  --root DIR    work on the system that is mounted at DIR, and start nothing
USAGE
}

fail() {
  echo "install: $*" >&2
  exit 1
}

# fetch NAME puts a file of the release into $work.
fetch() {
  if [ -d "$from" ]; then
    cp "$from/$1" "$work/$1"
  else
    curl --fail --silent --show-error --location --proto "=${from%%:*}" --output "$work/$1" "${from%/}/$1"
  fi || fail "there is no $1 at $from; --from takes the URL or the folder of a release, which has it"
}

# unpack puts the release's files for this machine into $work, if the archive is what SHA256SUMS says.
unpack() {
  local machine archive
  case $(uname -m) in
    x86_64) machine=linux_amd64 ;;
    aarch64 | arm64) machine=linux_arm64 ;;
    *) fail "there is no release for this machine, $(uname -m); build it and use --from bin/standalone" ;;
  esac
  fetch SHA256SUMS
  archive=$(sed -nE "s/^[0-9a-f]{64} [ *](nanomon_[A-Za-z0-9._+-]+_$machine\.tar\.gz)$/\1/p" "$work/SHA256SUMS")
  [ "$(wc -w <<<"$archive")" = 1 ] || fail "SHA256SUMS at $from names no single archive for $machine"
  fetch "$archive"
  (cd "$work" && grep -F " $archive" SHA256SUMS | sha256sum --check --status) ||
    fail "$archive is not what SHA256SUMS says; fetch both again, and don't use this one"
  tar -xzf "$work/$archive" -C "$work" --strip-components 1 --no-same-owner
}

# find_binary sets $binary.
find_binary() {
  binary=$from
  if [[ -d $from || $from =~ ^(https://|http://(localhost|127\.0\.0\.1)[:/]) ]]; then
    unpack
    binary=$work/standalone
  elif [[ $from =~ ^[a-z]+:// ]]; then
    fail "$from can't be used: a release is fetched by https"
  fi
  [ -f "$binary" ] || fail "there is no file $binary; --from tells where NanoMon is"
}

# at_system runs systemctl on $root.
at_system() {
  systemctl --quiet ${root:+--root="$root"} "$@"
}

# has DATABASE tells whether nanomon is there, as a user (passwd) or a group (group).
has() {
  if [ -n "$root" ]; then grep -qs '^nanomon:' "$root/etc/$1"; else getent "$1" nanomon >/dev/null; fi
}

write_settings() {
  install -D -m 640 /dev/stdin "$root$settings" <<'SETTINGS'
# Settings of NanoMon, NAME=value; docs/configuration.md tells of all. After a change: systemctl restart nanomon
# Only files below /var/lib/nanomon can be written.

#API_PORT=8000
#FRONTEND_PORT=8001
#RESULT_RETENTION=720h

# Until sign-in is on, everybody who reaches these ports may change everything: docs/sign-in.md
#AUTH_CLIENT_ID=
#AUTH_TENANT=common

#ALERT_LINK_BASEURL=http://localhost:8001
#ALERT_SMTP_FROM=
#ALERT_SMTP_TO=
#ALERT_SMTP_HOST=smtp.gmail.com
#ALERT_SMTP_PASSWORD=
SETTINGS
}

# The service counts as started when it answers. A stop takes up to 10 s for requests and running checks, and then some
# for what is still to be written. Ping needs CAP_NET_RAW.
write_unit() {
  cat >"$work/unit" <<UNIT
# Made by NanoMon's install.sh, which writes it anew. Changes of your own: systemctl edit nanomon
[Unit]
Description=NanoMon
Wants=network-online.target
After=network-online.target

[Service]
User=nanomon
Group=nanomon
Environment=DATA_DIR=$data
EnvironmentFile=$settings
ExecStart=$program
ExecStartPost=/bin/sh -c 'while kill -0 \$\$MAINPID; do $program health && exit; sleep 0.5; done >/dev/null 2>&1; exit 1'
TimeoutStartSec=60
TimeoutStopSec=30
Restart=on-failure
RestartSec=2

StateDirectory=nanomon
StateDirectoryMode=0700
UMask=0077
AmbientCapabilities=CAP_NET_RAW
CapabilityBoundingSet=CAP_NET_RAW
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
UNIT
  { install -D -m 644 "$work/unit" "$root$unit.new" && mv -fT "$root$unit.new" "$root$unit"; } ||
    fail "$root$unit can't be written, see above; nothing was replaced or started: mend that and run this again"
}

# place puts the binary in its place, whole or not at all. The one before stays as nanomon.old.
place() {
  cmp --silent "$binary" "$root$program" && return
  install -D -m 755 "$binary" "$root$program.new"
  [ ! -e "$root$program" ] || ln -f "$root$program" "$root$program.old"
  mv -f "$root$program.new" "$root$program"
  placed=yes
}

start() {
  systemctl daemon-reload
  systemctl restart nanomon && return
  journalctl --unit nanomon --lines 10 --no-pager >&2 || true
  if [ -z "$placed" ] || [ ! -e "$program.old" ]; then
    fail "it doesn't start, see above; mend $settings and run: systemctl restart nanomon"
  fi
  mv -f "$program.old" "$program"
  systemctl restart nanomon || fail "neither the new one starts, see above, nor the one before, which is in place again"
  fail "the new one doesn't start, see above; the one before is in place again, and runs"
}

install_service() {
  find_binary
  has passwd || useradd ${root:+--prefix "$root"} --system --user-group --no-create-home --home-dir "$data" --shell /usr/sbin/nologin nanomon
  [ -e "$root$settings" ] || write_settings
  write_unit
  at_system enable nanomon
  place
  [ -z "$root" ] || { echo "installed into $root"; return; }
  start
  cat <<DONE
NanoMon runs: the page on port 8001, the API on port 8000, unless $settings says otherwise.
  data:      $data
  settings:  $settings; then: systemctl restart nanomon
  log:       journalctl -u nanomon
Everybody who reaches these ports may change everything until sign-in is on: docs/sign-in.md tells how.
DONE
}

uninstall() {
  local what="the service nanomon"
  [ -z "$purge" ] || what+=", its user, its settings (/etc/nanomon) and ALL ITS DATA ($data)"
  if [ -z "$yes" ]; then
    read -r -p "Remove $what${root:+, in $root}? [y/N] " answer || true
    [[ ${answer:-} =~ ^[Yy] ]] || fail "nothing is removed"
  fi
  if [ -e "$root$unit" ]; then
    [ -n "$root" ] || systemctl stop nanomon
    at_system disable nanomon
  fi
  rm -f "$root$unit"{,.new} "$root$program"{,.old,.new}
  [ -n "$root" ] || systemctl daemon-reload
  if [ -n "$purge" ]; then
    rm -rf "${root:?}$data" "$root/etc/nanomon" "$root$unit.d"
    if has passwd; then userdel ${root:+--prefix "$root"} nanomon; fi
    if has group; then groupdel ${root:+--prefix "$root"} nanomon; fi
    echo "removed, with data and settings"
  else
    echo "removed; data ($data) and settings ($settings) are still there"
  fi
}

from=$(dirname "${BASH_SOURCE[0]}")/standalone action=install_service purge='' yes='' root='' placed=''
while [ $# -gt 0 ]; do
  case $1 in
    --from | --root)
      [ -n "${2:-}" ] || { usage >&2; exit 2; }
      printf -v "${1#--}" %s "${2%/}"
      shift
      ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    --yes) yes=yes ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
if [ "$action" = install_service ] && [ -n "$purge$yes" ]; then
  usage >&2
  exit 2
fi
if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || fail "it must run as root: sudo $0"
  [ -d /run/systemd/system ] || fail "systemd doesn't run here; start the binary by whatever does that here"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$action"
