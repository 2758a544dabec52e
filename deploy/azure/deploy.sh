#!/usr/bin/env bash
# Deploys NanoMon to Azure as nanomon.bicepparam says, or as another file of parameters; or deletes it with its data.
# Needs the Azure CLI, signed in (`az login`) as someone who may make resource groups.
set -euo pipefail
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<USAGE
usage: $0 [--group NAME] [--location REGION] [--parameters FILE] [--yes]
       $0 --delete [--group NAME] [--yes]

  --group       the resource group, nanomon by default; it is made if it isn't there
  --location    its region, northeurope by default; that of a group that is there stays
  --parameters  nanomon.bicepparam beside this script by default
  --delete      delete the resource group with ALL that is in it
  --yes         don't ask
USAGE
}

fail() {
  echo "deploy: $*" >&2
  exit 1
}

confirm() {
  local answer=''
  [ -z "$yes" ] || return 0
  read -r -p "$1 [y/N] " answer || true
  [[ $answer =~ ^[Yy] ]] || fail "nothing is changed"
}

deploy() {
  [ -f "$parameters" ] || fail "there is no file $parameters"
  if [ "$(az group exists --name "$group")" = false ]; then
    confirm "Make the resource group $group in $location?"
    az group create --name "$group" --location "$location" --output none
  fi
  az deployment group what-if --resource-group "$group" --parameters "$parameters"
  confirm "Deploy this to $group?"
  local outputs page reachable
  outputs=$(az deployment group create --name nanomon --resource-group "$group" --parameters "$parameters" \
    --query '[properties.outputs.page.value, properties.outputs.reachable.value]' --output tsv)
  read -r -d '' page reachable <<<"$outputs" || true
  if [[ $reachable = [Tt]rue ]]; then
    echo "The page is at $page"
  else
    echo "It runs, and nobody can reach it yet. Run: scripts/aad-app-reg.sh $page/"
    echo "and write the client id that it prints into $parameters (authClientId); then run this again."
  fi
}

delete() {
  [ "$(az group exists --name "$group")" = true ] || fail "there is no resource group $group"
  az resource list --resource-group "$group" --output table
  confirm "Delete the resource group $group with all of this, and ALL DATA?"
  az group delete --name "$group" --yes
  echo "deleted $group"
}

group=nanomon location=northeurope parameters=$folder/nanomon.bicepparam yes='' action=deploy
while [ $# -gt 0 ]; do
  case $1 in
    --group | --location | --parameters)
      [ -n "${2:-}" ] || { usage >&2; exit 2; }
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    --delete) action=delete ;;
    --yes) yes=yes ;;
    --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
command -v az >/dev/null || fail "the Azure CLI (az) is missing, see https://aka.ms/azure-cli"
subscription=$(az account show --query name --output tsv) || fail "the Azure CLI isn't signed in: run az login"
echo "subscription: $subscription"
"$action"
