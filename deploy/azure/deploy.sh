#!/usr/bin/env bash
# Deploys NanoMon to Azure with the parameters in nanomon.bicepparam or in another file, or deletes it with its data.
# Requires the Azure CLI, signed in (`az login`) as a user who may create resource groups.
set -euo pipefail
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<USAGE
Deploy NanoMon to Azure, or delete it.

usage: $0 [--group NAME] [--location REGION] [--parameters FILE] [--yes]
       $0 --delete [--group NAME] [--yes]

  --group       resource group (default: nanomon); created if it doesn't exist
  --location    region of a new resource group (default: northeurope)
  --parameters  parameter file (default: nanomon.bicepparam beside this script)
  --delete      delete the resource group with EVERYTHING in it
  --yes         don't ask for confirmation
  --help        print this help
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
  [[ $answer =~ ^[Yy] ]] || fail "cancelled, nothing was changed"
}

deploy() {
  [ -f "$parameters" ] || fail "parameter file $parameters not found"
  if [ "$(az group exists --name "$group")" = false ]; then
    confirm "Create the resource group $group in $location?"
    az group create --name "$group" --location "$location" --output none
  fi
  az deployment group what-if --resource-group "$group" --parameters "$parameters"
  confirm "Deploy these changes to $group?"
  local outputs page reachable
  outputs=$(az deployment group create --name nanomon --resource-group "$group" --parameters "$parameters" \
    --query '[properties.outputs.page.value, properties.outputs.reachable.value]' --output tsv)
  read -r -d '' page reachable <<<"$outputs" || true
  if [[ $reachable = [Tt]rue ]]; then
    echo "The page is at $page"
  else
    echo "NanoMon is deployed, but can't be reached until sign-in is on. Run: scripts/aad-app-reg.sh $page/"
    echo "Then set authClientId in $parameters to the client id that it prints, and run this script again."
  fi
}

delete() {
  [ "$(az group exists --name "$group")" = true ] || fail "resource group $group not found"
  az resource list --resource-group "$group" --output table
  confirm "Delete the resource group $group with all these resources and ALL DATA?"
  az group delete --name "$group" --yes
  echo "Deleted the resource group $group"
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
command -v az >/dev/null || fail "the Azure CLI (az) is not installed: see https://aka.ms/azure-cli"
subscription=$(az account show --query name --output tsv) || fail "the Azure CLI is not signed in: run az login"
echo "Subscription: $subscription"
"$action"
