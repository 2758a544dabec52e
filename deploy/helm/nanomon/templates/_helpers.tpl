{{- define "nanomon.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 44 | trimSuffix "-" }}
{{- end }}

{{/* The prefix of all names. It is cut to 44 characters, because pods of a StatefulSet get a label of at most 63
characters that holds the StatefulSet's name and 11 more. */}}
{{- define "nanomon.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $full | trunc 44 | trimSuffix "-" }}
{{- end }}

{{/* Helpers with a list as argument expect the root and a component: list $ "api" */}}

{{- define "nanomon.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "nanomon.name" $root | quote }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "nanomon.labels" -}}
{{- $root := index . 0 -}}
{{ include "nanomon.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "nanomon.metadata" -}}
name: "{{ include "nanomon.fullname" (index . 0) }}-{{ index . 1 }}"
namespace: {{ (index . 0).Release.Namespace | quote }}
labels:
  {{- include "nanomon.labels" . | nindent 2 }}
{{- end }}

{{/* Labels and annotations of a pod. Pods read secrets only when they start, so the checksum restarts them when the
chart's secret changes. */}}
{{- define "nanomon.podMetadata" -}}
{{- $root := index . 0 -}}
{{- $secrets := has (index . 1) (list "api" "runner") | ternary (include "nanomon.secrets" $root) "" -}}
labels:
  {{- include "nanomon.selector" . | nindent 2 }}
{{- if or $secrets $root.Values.podAnnotations }}
annotations:
  {{- with $secrets }}
  checksum/secrets: {{ sha256sum . | trunc 8 | quote }}
  {{- end }}
  {{- with $root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The start of a pod's spec, for the root and a uid. Together with nanomon.containerSecurity it meets the Pod
Security Standard "restricted". It ends with the securityContext, so a template can append to that. */}}
{{- define "nanomon.podSpec" -}}
{{- $values := (index . 0).Values -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $values.serviceAccountName }}
serviceAccountName: {{ . | quote }}
{{- end }}
{{- with $values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "string" . }}{{ quote . }}{{ else }}{{ quote .name }}{{ end }}
  {{- end }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with get $values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ index . 1 }}
  runAsGroup: {{ index . 1 }}
  fsGroup: {{ index . 1 }}
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "nanomon.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Delays the stop of a container, so that load balancers stop using the pod before it stops listening. */}}
{{- define "nanomon.drain" -}}
{{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version -}}
lifecycle:
  preStop:
    sleep: {seconds: 5}
{{- end }}
{{- end }}

{{/* A text that Helm parses as a number if it consists of digits. toJson writes a number without an exponent. */}}
{{- define "nanomon.text" -}}
{{ kindIs "string" . | ternary . (toJson .) }}
{{- end }}

{{/* The common part of the containers of api, frontend and runner. */}}
{{- define "nanomon.container" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
name: {{ $name }}
image: {{ printf "%s/%s:%s" (trimSuffix "/" $root.Values.image.regRepo) $name (include "nanomon.text" ($root.Values.image.tag | default $root.Chart.AppVersion)) | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy | default "IfNotPresent" }}
securityContext:
  {{- include "nanomon.containerSecurity" $root | nindent 2 }}
{{- with (get $root.Values $name).resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Environment variables from a dictionary; empty values are omitted. */}}
{{- define "nanomon.env" -}}
{{- range $name, $value := . }}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
- name: {{ $name }}
  value: {{ include "nanomon.text" $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The sign-in variables that the API and the frontend share. */}}
{{- define "nanomon.auth" -}}
{{- $auth := .Values.auth -}}
{{- if and (not .Values.authClientId) (or $auth.tenant $auth.issuer $auth.audience $auth.protectReads) }}
{{- fail "auth has no effect without authClientId, so nothing would be protected: set authClientId too" }}
{{- end }}
AUTH_CLIENT_ID: {{ .Values.authClientId | quote }}
AUTH_TENANT: {{ and .Values.authClientId ($auth.tenant | default .Values.authTenant) | default "" | quote }}
AUTH_ISSUER: {{ $auth.issuer | quote }}
AUTH_AUDIENCE: {{ $auth.audience | quote }}
AUTH_PROTECT_READS: {{ if $auth.protectReads }}"true"{{ end }}
{{- end }}

{{/* "true" if the chart deploys MongoDB, otherwise empty. */}}
{{- define "nanomon.ownMongoDB" -}}
{{- if or .Values.mongodb.connectionURI .Values.mongodb.existingSecret }}
{{- else if .Values.mongodb.enabled }}true
{{- else }}
{{- fail "no MongoDB is configured: set mongodb.enabled to deploy one, or mongodb.connectionURI or mongodb.existingSecret to use your own" }}
{{- end }}
{{- end }}

{{/* The name of the secret with the passwords of the chart's MongoDB. */}}
{{- define "nanomon.mongoSecret" -}}
{{ .Values.mongodb.auth.existingSecret | default (printf "%s-mongodb" (include "nanomon.fullname" .)) }}
{{- end }}

{{/* The URI of the chart's MongoDB, for its name and the password. The password is escaped, so it may contain
characters such as @ and /. Neither MongoDB nor its drivers accept control characters in it. */}}
{{- define "nanomon.mongoURI" -}}
{{- $name := index . 0 -}}
{{- $password := index . 1 -}}
{{- if regexMatch "[[:cntrl:]\\x{FFFD}]" $password -}}
{{- fail (printf "the password in the secret %s contains a line break or another control character, which MongoDB doesn't accept: store a password without it (printf writes a text without a line break, echo adds one)" $name) -}}
{{- end -}}
mongodb://nanomon:{{ urlquery $password | replace "+" "%20" }}@{{ $name }}:27017/?replicaSet=rs0&directConnection=true
{{- end }}

{{- define "nanomon.mongoEnv" -}}
- name: MONGO_URI
  valueFrom:
    secretKeyRef:
      {{- if include "nanomon.ownMongoDB" . }}
      name: {{ include "nanomon.mongoSecret" . | quote }}
      key: MONGO_URI
      {{- else if .Values.mongodb.connectionURI }}
      name: "{{ include "nanomon.fullname" . }}-secrets"
      key: MONGO_URI
      {{- else }}
      name: {{ .Values.mongodb.existingSecret | quote }}
      key: {{ .Values.mongodb.existingSecretKey | default "MONGO_URI" | quote }}
      {{- end }}
{{ include "nanomon.env" (dict "MONGO_DB" .Values.mongodb.database "MONGO_TIMEOUT" .Values.mongodb.timeout) | trim }}
{{- end }}

{{/* The credentials for notifications: variables with their values from runner.alerting. */}}
{{- define "nanomon.notificationSecrets" -}}
{{- with .Values.runner.alerting -}}
ALERT_SMTP_PASSWORD: {{ include "nanomon.text" (.password | default "") | quote }}
ALERT_WEBHOOK_URL: {{ .webhookURL | default "" | quote }}
ALERT_WEBHOOK_SECRET: {{ include "nanomon.text" (.webhookSecret | default "") | quote }}
ALERT_SLACK_URL: {{ .slackURL | default "" | quote }}
ALERT_TEAMS_URL: {{ .teamsURL | default "" | quote }}
ALERT_DISCORD_URL: {{ .discordURL | default "" | quote }}
ALERT_NTFY_URL: {{ .ntfyURL | default "" | quote }}
ALERT_NTFY_TOKEN: {{ include "nanomon.text" (.ntfyToken | default "") | quote }}
ALERT_PAGERDUTY_KEY: {{ include "nanomon.text" (.pagerDutyKey | default "") | quote }}
{{- end }}
{{- end }}

{{/* The content of the chart's secret. The passwords of its MongoDB are in a separate one. */}}
{{- define "nanomon.secrets" }}
{{- with .Values.mongodb.connectionURI }}
MONGO_URI: {{ b64enc . }}
{{- end }}
{{- range $name, $value := include "nanomon.notificationSecrets" . | fromYaml }}
{{- with $value }}
{{ $name }}: {{ b64enc . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The names of the values of the original chart that are set and have no effect, separated by commas. */}}
{{- define "nanomon.ignoredValues" -}}
{{- $ignored := list -}}
{{- if and .Values.authTenant (or .Values.auth.tenant (not .Values.authClientId)) -}}
{{- $ignored = append $ignored "authTenant" -}}
{{- end -}}
{{- range list "architecture" "arbiter" "replicaCount" "service" "useStatefulSet" -}}
{{- if hasKey $.Values.mongodb . }}{{ $ignored = append $ignored (print "mongodb." .) }}{{ end -}}
{{- end -}}
{{- if hasKey .Values.mongodb.auth "enabled" }}{{ $ignored = append $ignored "mongodb.auth.enabled" }}{{ end -}}
{{- if hasKey .Values "postgresql" }}{{ $ignored = append $ignored "postgresql" }}{{ end -}}
{{- if hasKey .Values.runner "monitorChangeInterval" }}{{ $ignored = append $ignored "runner.monitorChangeInterval" }}{{ end -}}
{{- sortAlpha $ignored | join ", " -}}
{{- end }}

{{/* The URL of the page, or empty if the values don't contain it. */}}
{{- define "nanomon.url" -}}
{{- if .Values.publicURL }}
{{- .Values.publicURL }}
{{- else if and .Values.ingress.enabled .Values.ingress.host }}
{{- printf "%s://%s" (empty .Values.ingress.tlsSecret | ternary "http" "https") .Values.ingress.host }}
{{- else if and .Values.httpRoute.enabled .Values.httpRoute.hostnames }}
{{- printf "http://%s" (first .Values.httpRoute.hostnames) }}
{{- end }}
{{- end }}

{{/* The origins of other pages that may use the API. If none is set and the API has its own host, that of the page. */}}
{{- define "nanomon.corsOrigins" -}}
{{- $page := urlParse (include "nanomon.url" .) -}}
{{- $api := urlParse (.Values.frontend.apiEndpoint | default "/api") -}}
{{- if .Values.api.corsOrigins }}
{{- .Values.api.corsOrigins }}
{{- else if and $api.host $page.host (ne $api.hostname $page.hostname) (not (contains "*" $page.host)) }}
{{- printf "%s://%s" $page.scheme $page.host }}
{{- end }}
{{- end }}

{{/* The host names of the API, or "*" if the values don't contain the host names that browsers use. Empty while sign-in is on. */}}
{{- define "nanomon.allowedHosts" -}}
{{- $values := .Values -}}
{{- $api := printf "%s-api.%s" (include "nanomon.fullname" .) .Release.Namespace -}}
{{- $hosts := list $api (printf "%s.svc" $api) (printf "%s.svc.cluster.local" $api) -}}
{{- range list $values.publicURL $values.frontend.apiEndpoint -}}
{{- with . }}{{ $hosts = append $hosts (urlParse .).hostname }}{{ end -}}
{{- end -}}
{{- $unknown := ne ($values.api.serviceType | default "ClusterIP") "ClusterIP" -}}
{{- if $values.ingress.enabled -}}
{{- $unknown = or $unknown (not $values.ingress.host) -}}
{{- $hosts = append $hosts $values.ingress.host -}}
{{- end -}}
{{- if $values.httpRoute.enabled -}}
{{- $unknown = or $unknown (not $values.httpRoute.hostnames) -}}
{{- $hosts = concat $hosts ($values.httpRoute.hostnames | default list) -}}
{{- end -}}
{{- if $values.authClientId -}}
{{- else if $values.api.allowedHosts -}}
{{ append $hosts $values.api.allowedHosts | compact | uniq | join "," }}
{{- else if and $unknown (not $values.publicURL) -}}
*
{{- else -}}
{{ $hosts | compact | uniq | join "," }}
{{- end -}}
{{- end }}

{{- define "nanomon.service" -}}
{{- $own := get (index . 0).Values (index . 1) -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "nanomon.metadata" . | nindent 2 }}
  {{- with $own.serviceAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $own.serviceType | default "ClusterIP" }}
  selector:
    {{- include "nanomon.selector" . | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
{{- end }}
