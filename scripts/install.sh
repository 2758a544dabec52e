#!/usr/bin/env bash
# Installs or upgrades NanoMon as the systemd service nanomon: all services in one process, with an embedded database.
set -euo pipefail

readonly program=/usr/local/bin/nanomon settings=/etc/nanomon/nanomon.env data=/var/lib/nanomon
readonly unit=/etc/systemd/system/nanomon.service

usage() {
  cat <<USAGE
Install NanoMon as the systemd service nanomon, upgrade it, or uninstall it. Must run as root.

usage: $0 [--from SOURCE] [--root DIR]
       $0 --uninstall [--purge] [--yes] [--root DIR]

Run the same command to upgrade. The script backs up the database first, into $data/backups.
If the new version does not start, the previous one is restored, and the backup if it is needed.

  --from SOURCE  where to find NanoMon: the https URL or the folder of a release, with its archives
                 and SHA256SUMS, or the path of the binary (default: the file standalone beside
                 this script)
  --uninstall    remove the service; data and settings stay
  --purge        with --uninstall: also remove data, settings and the user nanomon
  --yes          with --uninstall: don't ask for confirmation
  --root DIR     install into the system that is mounted at DIR, without starting the service and
                 without a backup
  --help         print this help
USAGE
}

fail() {
  echo "install: $*" >&2
  exit 1
}

# fetch NAME copies or downloads a file of the release into $work.
fetch() {
  if [ -d "$from" ]; then
    cp "$from/$1" "$work/$1"
  else
    curl --fail --silent --show-error --location --proto "=${from%%:*}" --output "$work/$1" "${from%/}/$1"
  fi || fail "can't get $1 from $from: give --from the URL or the folder of a release"
}

# unpack extracts the release for this machine into $work, after checking the archive against SHA256SUMS.
unpack() {
  local machine archive
  case $(uname -m) in
    x86_64) machine=linux_amd64 ;;
    aarch64 | arm64) machine=linux_arm64 ;;
    *) fail "there is no release for this machine ($(uname -m)): build NanoMon and use --from bin/standalone" ;;
  esac
  fetch SHA256SUMS
  archive=$(sed -nE "s/^[0-9a-f]{64} [ *](nanomon_[A-Za-z0-9._+-]+_$machine\.tar\.gz)$/\1/p" "$work/SHA256SUMS")
  [ "$(wc -w <<<"$archive")" = 1 ] || fail "SHA256SUMS at $from must list exactly one archive for $machine"
  fetch "$archive"
  (cd "$work" && grep -F " $archive" SHA256SUMS | sha256sum --check --status) ||
    fail "the checksum of $archive doesn't match SHA256SUMS: don't use this archive, download both files again"
  tar -xzf "$work/$archive" -C "$work" --strip-components 1 --no-same-owner
}

# find_binary sets $binary to the path of the binary to install.
find_binary() {
  binary=$from
  if [[ -d $from || $from =~ ^(https://|http://(localhost|127\.0\.0\.1)[:/]) ]]; then
    unpack
    binary=$work/standalone
  elif [[ $from =~ ^[a-z]+:// ]]; then
    fail "unsupported URL $from: a release is downloaded by https only"
  fi
  [ -f "$binary" ] || fail "file $binary not found: set --from to a release or a binary"
}

# run_systemctl runs systemctl, on the system below $root if that is set.
run_systemctl() {
  systemctl --quiet ${root:+--root="$root"} "$@"
}

# account_exists DATABASE reports whether nanomon exists as a user (passwd) or as a group (group).
account_exists() {
  if [ -n "$root" ]; then grep -qs '^nanomon:' "$root/etc/$1"; else getent "$1" nanomon >/dev/null; fi
}

write_settings() {
  install -D -m 640 /dev/stdin "$root$settings" <<'SETTINGS'
# Settings of NanoMon, one NAME=value per line. /docs/configuration on the page describes all of them.
# Run "systemctl restart nanomon" after a change. NanoMon can write files below /var/lib/nanomon only.

#API_PORT=8000
#FRONTEND_PORT=8001
#RESULT_RETENTION=720h

# While sign-in is off, everyone who can reach these ports can change everything. See /docs/sign-in on the page.
#AUTH_CLIENT_ID=
#AUTH_TENANT=common
# Without sign-in, NanoMon answers only requests for known host names. This list replaces the names of this machine.
#ALLOWED_HOSTS=nanomon.example.org

#ALERT_LINK_BASEURL=http://localhost:8001
#ALERT_SMTP_FROM=
#ALERT_SMTP_TO=
#ALERT_SMTP_HOST=smtp.gmail.com
#ALERT_SMTP_PASSWORD=
SETTINGS
}

# host_names prints the names of this machine that need ALLOWED_HOSTS, separated by commas, or * if none is known.
host_names() {
  local name names
  if [ -n "$root" ]; then
    names=$(cat "$root/etc/hostname" 2>/dev/null || true)
  else
    names="$(uname -n) $(hostname --all-fqdns 2>/dev/null || true) $(hostname --fqdn 2>/dev/null || true)"
  fi
  for name in $names; do
    [[ $name == *.* ]] || name=$name.local # its name in multicast DNS
    if [[ $name =~ ^[A-Za-z0-9._-]+$ ]]; then printf '%s\n' "$name"; fi
  done | sort -u | paste -sd , | grep . || echo '*'
}

# The service is started once its health check succeeds. A stop takes up to 10 s for running requests and checks, and
# longer if results have to be stored. Ping needs CAP_NET_RAW.
write_unit() {
  cat >"$work/unit" <<UNIT
# Written by install.sh of NanoMon, which overwrites it. To change it, use: systemctl edit nanomon
[Unit]
Description=NanoMon
Wants=network-online.target
After=network-online.target

[Service]
User=nanomon
Group=nanomon
Environment=DATA_DIR=$data ALLOWED_HOSTS=$(host_names)
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
    fail "can't write $root$unit, see above: fix this and run the script again (nothing was replaced or started)"
}

# as_service COMMAND... runs a command with the user and the database of the service. Root must not change files in a
# folder of another user, who could have replaced them by links.
as_service() {
  (cd / && setpriv --reuid nanomon --regid nanomon --clear-groups env DATA_DIR="$folder" "$@")
}

# back_up copies the database to the new file $backup before another version uses it, also while NanoMon runs. It uses
# the new binary, because version 0.1.0 can't do that. The newest three of these backups are kept.
back_up() {
  if [ ! -e "$program" ] || cmp --silent "$binary" "$program"; then return; fi
  folder=$(sed -nE "s/^[[:space:]]*DATA_DIR=[\"']?([^\"']*)[\"']?[[:space:]]*$/\1/p" "$settings" | tail -n 1)
  folder=${folder:-$data}
  [ -e "$folder/nanomon.db" ] || return 0
  install -m 755 "$binary" "$program.new"
  backup=$data/backups/before-upgrade-$(date +%Y-%m-%dT%H-%M-%S).db
  { as_service mkdir -p -m 700 "$data/backups" && as_service "$program.new" backup "$backup"; } ||
    fail "can't back up the database, see above: fix this and run the script again (nothing was replaced or started)"
  as_service find "$data/backups" -name 'before-upgrade-*.db' | sort -r | tail -n +4 | as_service xargs rm -f
}

# replace_binary installs the binary atomically, and keeps the previous one as nanomon.old.
replace_binary() {
  cmp --silent "$binary" "$root$program" && return
  install -D -m 755 "$binary" "$root$program.new"
  [ ! -e "$root$program" ] || ln -f "$root$program" "$root$program.old"
  mv -f "$root$program.new" "$root$program"
  replaced=yes
}

start() {
  systemctl daemon-reload
  systemctl restart nanomon && return
  journalctl --unit nanomon --lines 10 --no-pager >&2 || true
  if [ -z "$replaced" ] || [ ! -e "$program.old" ]; then
    fail "NanoMon does not start, see the log above: fix $settings, then run: systemctl restart nanomon"
  fi
  go_back
}

# go_back starts the previous version. If it does not start, perhaps because the new one has changed the format of the
# database, it restores the backup. Then nothing is lost that could be kept.
go_back() {
  local message="the new version does not start, see the log above; the previous version was restored"
  cp -f "$program" "$program.new"
  mv -f "$program.old" "$program"
  systemctl restart nanomon && fail "$message and is running"
  if [ -n "$backup" ]; then
    systemctl stop nanomon
    as_service "$program.new" restore --yes "$backup" ||
      fail "$message, but does not start either, and the backup $backup can't be restored, see above"
    systemctl restart nanomon && fail "$message with the backup $backup and is running"
  fi
  fail "$message, but does not start either"
}

install_service() {
  find_binary
  account_exists passwd || useradd ${root:+--prefix "$root"} --system --user-group --no-create-home --home-dir "$data" --shell /usr/sbin/nologin nanomon
  [ -e "$root$settings" ] || write_settings
  [ -n "$root" ] || back_up
  write_unit
  run_systemctl enable nanomon
  replace_binary
  [ -z "$root" ] || { echo "NanoMon is installed in $root"; return; }
  start
  cat <<DONE
NanoMon is running. Page: http://localhost:8001, API: http://localhost:8000/api (unless $settings sets other ports).
  data:      $data
  settings:  $settings (after a change: systemctl restart nanomon)
  log:       journalctl -u nanomon
${backup:+  backup:    $backup
}Run the same command to upgrade. If the new version does not start, the previous one is restored.
While sign-in is off (the default), everyone who can reach these ports can change everything. See /docs/sign-in on the page.
DONE
}

uninstall() {
  local what="the service nanomon"
  [ -z "$purge" ] || what+=", its user, its settings (/etc/nanomon) and ALL ITS DATA ($data)"
  if [ -z "$yes" ]; then
    read -r -p "Remove $what${root:+, in $root}? [y/N] " answer || true
    [[ ${answer:-} =~ ^[Yy] ]] || fail "cancelled, nothing was removed"
  fi
  if [ -e "$root$unit" ]; then
    [ -n "$root" ] || systemctl stop nanomon
    run_systemctl disable nanomon
  fi
  rm -f "$root$unit"{,.new} "$root$program"{,.old,.new}
  [ -n "$root" ] || systemctl daemon-reload
  if [ -n "$purge" ]; then
    rm -rf "${root:?}$data" "$root/etc/nanomon" "$root$unit.d"
    if account_exists passwd; then userdel ${root:+--prefix "$root"} nanomon; fi
    if account_exists group; then groupdel ${root:+--prefix "$root"} nanomon; fi
    echo "NanoMon was removed, including data and settings"
  else
    echo "NanoMon was removed; data ($data) and settings ($settings) were kept"
  fi
}

from=$(dirname "${BASH_SOURCE[0]}")/standalone action=install_service purge='' yes='' root='' replaced='' backup='' folder=''
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
  [ "$(id -u)" = 0 ] || fail "root is required: run sudo $0"
  [ -d /run/systemd/system ] || fail "systemd is not running on this machine: start the binary with your own service manager"
fi
work=$(mktemp -d)
trap 'rm -rf "$work" "$root$program.new"' EXIT
"$action"
