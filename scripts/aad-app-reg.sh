#!/usr/bin/env bash
# Registers NanoMon with Microsoft Entra for sign-in, and prints the settings to use. Requires the Azure CLI, signed in
# (`az login --allow-no-subscriptions`) as a user who may register applications. Run it again to add another address.
#
#   scripts/aad-app-reg.sh https://nanomon.example.org/ [NAME]
#
# The address is the URL at which people open the page. NAME is the name of the registration (default: nanomon). Only
# users who are assigned to the application can sign in; the script assigns the user who runs it.
set -euo pipefail

readonly graph=https://graph.microsoft.com/v1.0
page=${1:-} name=${2:-nanomon}
if [[ ! $page =~ ^(https://[^[:space:]\"\\?#]+|http://localhost(:[0-9]+)?/[^[:space:]\"\\?#]*)$ || ! $name =~ ^[A-Za-z0-9._\ -]+$ ]]; then
  echo "usage: $0 ADDRESS [NAME]" >&2
  echo "ADDRESS is the URL of the page, such as https://nanomon.example.org/ or http://localhost:8001/" >&2
  exit 2
fi
[[ $page =~ ^[a-z]+://[^/]+$ ]] && page=$page/ # The redirect address must equal the URL in the browser.
if ! command -v az >/dev/null; then
  echo "aad-app-reg: the Azure CLI (az) is not installed: see https://aka.ms/azure-cli" >&2
  exit 1
fi

# send METHOD PATH [BODY] sends a request to Microsoft Graph.
send() {
  az rest --only-show-errors --method "$1" --uri "$graph/$2" --headers Content-Type=application/json ${3:+--body "$3"}
}

new_id() {
  uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid
}

tenant=$(az account show --query tenantId --output tsv)
clients=$(az ad app list --filter "displayName eq '$name'" --query '[].appId' --output tsv)
if [ "$(wc -w <<<"$clients")" -gt 1 ]; then
  echo "aad-app-reg: there are several registrations named $name: choose another name" >&2
  exit 1
fi
client=${clients:-$(az ad app create --display-name "$name" --sign-in-audience AzureADMyOrg --query appId --output tsv)}

read_app() {
  az ad app show --id "$client" --query "$1" --output tsv
}
object=$(read_app id)
scope=$(read_app "api.oauth2PermissionScopes[?value=='system.admin'].id | [0]")
scope=${scope:-$(new_id | tr '[:upper:]' '[:lower:]')}
addresses=$({ echo "$page"; read_app "join(' ', spa.redirectUris)" | tr ' ' '\n'; } | sort -u | sed '/^$/d; s/.*/"&"/' | paste -sd, -)

# The page is a public client without a secret that signs in with an authorization code and PKCE. The API accepts tokens
# with the scope system.admin.
send PATCH "applications/$object" '{
  "identifierUris": ["api://'"$client"'"],
  "spa": {"redirectUris": ['"$addresses"']},
  "api": {
    "requestedAccessTokenVersion": 2,
    "oauth2PermissionScopes": [{
      "id": "'"$scope"'", "value": "system.admin", "type": "User", "isEnabled": true,
      "adminConsentDisplayName": "Manage NanoMon",
      "adminConsentDescription": "View all monitors with their secrets, and change, run and delete them.",
      "userConsentDisplayName": "Manage NanoMon",
      "userConsentDescription": "View all monitors with their secrets, and change, run and delete them."
    }]
  }
}'
# Pre-authorize NanoMon for its own scope, so that users are not asked for consent. The scope must exist before this
# request.
send PATCH "applications/$object" '{
  "api": {"preAuthorizedApplications": [{"appId": "'"$client"'", "delegatedPermissionIds": ["'"$scope"'"]}]}
}'

find_principal() {
  az ad sp list --filter "appId eq '$client'" --query '[0].id' --output tsv
}
principal=$(find_principal)
principal=${principal:-$(az ad sp create --id "$client" --query id --output tsv)}
send PATCH "servicePrincipals/$principal" '{"appRoleAssignmentRequired": true}'
person=$(az ad signed-in-user show --query id --output tsv)
assigned=$(az rest --only-show-errors --uri "$graph/servicePrincipals/$principal/appRoleAssignedTo" \
  --query "value[?principalId=='$person'].id | [0]" --output tsv)
if [ -z "$assigned" ]; then
  send POST "servicePrincipals/$principal/appRoleAssignedTo" '{
    "principalId": "'"$person"'", "resourceId": "'"$principal"'", "appRoleId": "00000000-0000-0000-0000-000000000000"
  }' >/dev/null
fi

cat <<SETTINGS
NanoMon is registered. Set these variables for the API and the frontend:

AUTH_CLIENT_ID=$client
AUTH_TENANT=$tenant

You can sign in now. To allow others, assign them in the Azure portal: Enterprise applications, $name, Users and groups.
SETTINGS
