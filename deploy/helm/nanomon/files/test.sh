#!/usr/bin/env bash
# Asks over HTTP by bash alone: ask <host>/<port> <path> <text that must be in the answer>
ask() {
  exec 3<>"/dev/tcp/$1"
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$2" "${1%/*}" >&3
  answer=$(timeout 10 cat <&3)
  exec 3>&-
  status=${answer%%$'\r'*}
  echo "$1$2: $status"
  [[ $status == *" 200 "* && $answer == *"$3"* ]]
}
ask "$API" /api/health ''
ask "$PAGE" / NanoMon
ask "$PAGE" /config API_ENDPOINT
