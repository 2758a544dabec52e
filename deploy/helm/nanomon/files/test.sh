#!/usr/bin/env bash
# get <host>/<port> <path> <text> sends an HTTP request with bash only, and fails unless the response contains the text.
get() {
  exec 3<>"/dev/tcp/$1"
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$2" "${1%/*}" >&3
  response=$(timeout 10 cat <&3)
  exec 3>&-
  status=${response%%$'\r'*}
  echo "$1$2: $status"
  [[ $status == *" 200 "* && $response == *"$3"* ]]
}
get "$API" /api/health ''
get "$PAGE" / NanoMon
get "$PAGE" /config API_ENDPOINT
