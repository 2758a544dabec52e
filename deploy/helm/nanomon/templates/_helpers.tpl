{{- define "nanomon.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 44 | trimSuffix "-" }}
{{- end }}

{{/* The prefix of all names. A StatefulSet's pods have its name and 11 characters in a label, which holds 63. */}}
{{- define "nanomon.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $full | trunc 44 | trimSuffix "-" }}
{{- end }}

{{/* The helpers that take a list want the root and a component: list $ "api" */}}

{{- define "nanomon.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "nanomon.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
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
name: {{ include "nanomon.fullname" (index . 0) }}-{{ index . 1 }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "nanomon.labels" . | nindent 2 }}
{{- end }}

{{/* Pods read secrets at their start only, so a change of the chart's own makes new ones. */}}
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

{{/* Takes the root and the uid. With the next one it is what the Pod Security Standard "restricted" asks for. It ends in the
securityContext, to which more may be added. */}}
{{- define "nanomon.podSpec" -}}
{{- $values := (index . 0).Values -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with $values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "string" . }}{{ . }}{{ else }}{{ .name }}{{ end }}
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

{{/* Lets who routes to the pod hear that it ends, before it stops listening. */}}
{{- define "nanomon.drain" -}}
{{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version -}}
lifecycle:
  preStop:
    sleep: {seconds: 5}
{{- end }}
{{- end }}

{{/* What the containers of api, frontend and runner have in common. JSON writes a tag of digits alone, which Helm takes for a number, without an exponent. */}}
{{- define "nanomon.container" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
name: {{ $name }}
image: {{ printf "%s/%s:%s" (trimSuffix "/" $root.Values.image.regRepo) $name ($root.Values.image.tag | default $root.Chart.AppVersion | toJson | trimAll "\"") | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy | default "IfNotPresent" }}
securityContext:
  {{- include "nanomon.containerSecurity" $root | nindent 2 }}
{{- with (get $root.Values $name).resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Variables of a dictionary, without those that are blank. */}}
{{- define "nanomon.env" -}}
{{- range $name, $value := . }}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
- name: {{ $name }}
  value: {{ toString $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The variables of sign-in, which API and page have in common. */}}
{{- define "nanomon.auth" -}}
{{- $auth := .Values.auth -}}
{{- if and (not .Values.authClientId) (or $auth.tenant $auth.issuer $auth.audience $auth.protectReads) }}
{{- fail "auth: it has no effect without authClientId, and nothing would be protected: set that too" }}
{{- end }}
AUTH_CLIENT_ID: {{ .Values.authClientId | quote }}
AUTH_TENANT: {{ $auth.tenant | quote }}
AUTH_ISSUER: {{ $auth.issuer | quote }}
AUTH_AUDIENCE: {{ $auth.audience | quote }}
AUTH_PROTECT_READS: {{ if $auth.protectReads }}"true"{{ end }}
{{- end }}

{{/* "true" if the chart deploys MongoDB itself. */}}
{{- define "nanomon.ownMongoDB" -}}
{{- if or .Values.mongodb.connectionURI .Values.mongodb.existingSecret }}
{{- else if .Values.mongodb.enabled }}true
{{- else }}
{{- fail "mongodb: there is none: set enabled to have one deployed, or connectionURI or existingSecret to use yours" }}
{{- end }}
{{- end }}

{{/* The secret with the passwords of the MongoDB that the chart deploys. */}}
{{- define "nanomon.mongoSecret" -}}
{{ .Values.mongodb.auth.existingSecret | default (printf "%s-mongodb" (include "nanomon.fullname" .)) }}
{{- end }}

{{- define "nanomon.mongoEnv" -}}
- name: MONGO_URI
  valueFrom:
    secretKeyRef:
      {{- if include "nanomon.ownMongoDB" . }}
      name: {{ include "nanomon.mongoSecret" . }}
      key: MONGO_URI
      {{- else if .Values.mongodb.connectionURI }}
      name: {{ include "nanomon.fullname" . }}-secrets
      key: MONGO_URI
      {{- else }}
      name: {{ .Values.mongodb.existingSecret }}
      key: {{ .Values.mongodb.existingSecretKey | default "MONGO_URI" }}
      {{- end }}
{{ include "nanomon.env" (dict "MONGO_DB" .Values.mongodb.database "MONGO_TIMEOUT" .Values.mongodb.timeout) | trim }}
{{- end }}

{{/* The variables that alerts need and that are secret, with what runner.alerting says of them. */}}
{{- define "nanomon.alertSecrets" -}}
{{- with .Values.runner.alerting -}}
ALERT_SMTP_PASSWORD: {{ .password | default "" | toString | quote }}
ALERT_WEBHOOK_URL: {{ .webhookURL | default "" | quote }}
ALERT_WEBHOOK_SECRET: {{ .webhookSecret | default "" | quote }}
ALERT_SLACK_URL: {{ .slackURL | default "" | quote }}
ALERT_TEAMS_URL: {{ .teamsURL | default "" | quote }}
ALERT_DISCORD_URL: {{ .discordURL | default "" | quote }}
ALERT_NTFY_URL: {{ .ntfyURL | default "" | quote }}
ALERT_NTFY_TOKEN: {{ .ntfyToken | default "" | quote }}
ALERT_PAGERDUTY_KEY: {{ .pagerDutyKey | default "" | quote }}
{{- end }}
{{- end }}

{{/* The content of the chart's own secret, but for the passwords of its MongoDB. */}}
{{- define "nanomon.secrets" }}
{{- with .Values.mongodb.connectionURI }}
MONGO_URI: {{ b64enc . }}
{{- end }}
{{- range $name, $value := include "nanomon.alertSecrets" . | fromYaml }}
{{- with $value }}
{{ $name }}: {{ b64enc . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where people open the page, if the values tell. */}}
{{- define "nanomon.url" -}}
{{- if .Values.publicURL }}
{{- .Values.publicURL }}
{{- else if and .Values.ingress.enabled .Values.ingress.host }}
{{- printf "%s://%s" (empty .Values.ingress.tlsSecret | ternary "http" "https") .Values.ingress.host }}
{{- else if and .Values.httpRoute.enabled .Values.httpRoute.hostnames }}
{{- printf "http://%s" (first .Values.httpRoute.hostnames) }}
{{- end }}
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
