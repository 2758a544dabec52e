{{/* These checks refuse entries of extraEnv, extraVolumes and extraVolumeMounts that repeat what the chart sets:
Kubernetes would use one of the two at an installation, the other one at an upgrade, or refuse both. They look at the
rendered Deployment, in which the additional entries follow those of the chart. */}}

{{- define "nanomon.checkAdditions" -}}
{{- $service := index . 1 -}}
{{- $values := get (index . 0).Values $service -}}
{{- $template := printf "%s/%s.yaml" (index . 0).Template.BasePath $service -}}
{{- $pod := (include $template (index . 0) | splitList "\n---\n" | first | fromYaml).spec.template.spec -}}
{{- $container := first $pod.containers -}}
{{- include "nanomon.checkEnv" (list $service ($values.extraEnv | default list) $container.env) -}}
{{- include "nanomon.checkVolumes" (list $service ($values.extraVolumes | default list) ($pod.volumes | default list)) -}}
{{- include "nanomon.checkMounts" (list $service $pod.volumes $container.volumeMounts (dig "spool" "enabled" false $values)) -}}
{{- end }}

{{/* For the service, the additional entries and all entries. */}}
{{- define "nanomon.checkEnv" -}}
{{- $service := index . 0 -}}
{{- $names := list -}}
{{- range index . 2 }}{{ $names = append $names .name }}{{ end -}}
{{- $own := slice $names 0 (sub (len $names) (len (index . 1))) -}}
{{- range index . 1 -}}
{{- include "nanomon.checkSource" (list $service .) -}}
{{- if has .name $own -}}
{{- $advice := "remove it there, because the chart needs its own value" -}}
{{- with get (include "nanomon.variables" $ | fromYaml) .name }}{{ $advice = printf "remove it there and set %s" . }}{{ end -}}
{{- if eq .name "SPOOL_DIR" }}{{ $advice = include "nanomon.ownSpool" $ }}{{ end -}}
{{- fail (printf "%s.extraEnv contains %s, which the chart sets already: %s" $service .name $advice) -}}
{{- else if ne (len (without $names .name)) (sub (len $names) 1 | int) -}}
{{- fail (printf "%s.extraEnv contains %s twice: remove one of them" $service .name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Fails unless an environment variable has at most one source. */}}
{{- define "nanomon.checkSource" -}}
{{- $entry := printf "%s.extraEnv contains %s" (index . 0) (index . 1).name -}}
{{- $source := (index . 1).valueFrom -}}
{{- if not (kindIs "invalid" $source) -}}
{{- $kinds := include "nanomon.kinds" $source -}}
{{- if (index . 1).value -}}
{{- fail (printf "%s with value and valueFrom: remove one of them" $entry) -}}
{{- else if or (not $kinds) (contains "," $kinds) -}}
{{- fail (printf "%s, whose valueFrom needs exactly one source: use for example secretKeyRef or configMapKeyRef" $entry) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* For the service, the additional volumes and all volumes. */}}
{{- define "nanomon.checkVolumes" -}}
{{- $names := list -}}
{{- range index . 2 }}{{ $names = append $names .name }}{{ end -}}
{{- $own := slice $names 0 (sub (len $names) (len (index . 1))) -}}
{{- $value := printf "%s.extraVolumes" (index . 0) -}}
{{- range index . 1 -}}
{{- $kinds := include "nanomon.kinds" (omit . "name") -}}
{{- if contains "," $kinds -}}
{{- fail (printf "%s contains the volume %s with several sources (%s): keep one of them" $value .name $kinds) -}}
{{- else if has .name $own -}}
{{- $advice := eq .name "spool" | ternary (include "nanomon.ownSpool" $) "give it another name" -}}
{{- fail (printf "%s contains the volume %s, which the chart has already: %s" $value .name $advice) -}}
{{- else if ne (len (without $names .name)) (sub (len $names) 1 | int) -}}
{{- fail (printf "%s contains the volume %s twice: give one of them another name" $value .name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* For the service, all volumes, all mounts, and whether the chart mounts a volume at /spool. */}}
{{- define "nanomon.checkMounts" -}}
{{- $service := index . 0 -}}
{{- $spool := index . 3 -}}
{{- $volumes := dict -}}
{{- range index . 1 }}{{ $_ := set $volumes .name true }}{{ end -}}
{{- $paths := dict -}}
{{- range index . 2 -}}
{{- $path := clean (printf "/%s" .mountPath) -}}
{{- if not (hasKey $volumes .name) -}}
{{- fail (printf "%s.extraVolumeMounts contains a mount of the volume %s, which doesn't exist: add it to %s.extraVolumes" $service .name $service) -}}
{{- else if hasKey $paths $path -}}
{{- $advice := and $spool (eq $path "/spool") | ternary (include "nanomon.ownSpool" $) "use another path" -}}
{{- fail (printf "%s.extraVolumeMounts contains a mount at %s, where another volume is mounted: %s" $service .mountPath $advice) -}}
{{- end -}}
{{- $_ := set $paths $path true -}}
{{- end -}}
{{- end }}

{{- define "nanomon.ownSpool" -}}
set runner.spool.enabled to false to use your own volume
{{- end }}

{{/* The chart's value for each environment variable that the chart sets. PORT, HEALTH_FILE and PROMETHEUS_PORT have
none, because probes and services depend on them. */}}
{{- define "nanomon.variables" -}}
MONGO_URI: mongodb.connectionURI or mongodb.existingSecret
MONGO_DB: mongodb.database
MONGO_TIMEOUT: mongodb.timeout
CORS_ORIGINS: api.corsOrigins
ALLOWED_HOSTS: api.allowedHosts
TRUSTED_PROXIES: api.trustedProxies
AUTH_CLIENT_ID: authClientId
AUTH_TENANT: auth.tenant
AUTH_ISSUER: auth.issuer
AUTH_AUDIENCE: auth.audience
AUTH_PROTECT_READS: auth.protectReads
API_ENDPOINT: frontend.apiEndpoint
USE_POLLING: runner.usePolling
POLLING_INTERVAL: runner.pollingInterval
RESULT_RETENTION: runner.resultRetention
ROLLUP_RETENTION: runner.rollupRetention
HOUR_RETENTION: runner.hourRetention
TARGET_DENY: runner.targetDeny
TARGET_ALLOW: runner.targetAllow
SECRETS_ALLOW: runner.secretsAllow
CHECK_MEMORY: runner.checkMemory
PROMETHEUS_ENABLE: metrics.enabled
ALERT_FAIL_COUNT: runner.alerting.failCount
ALERT_RECOVERY_COUNT: runner.alerting.recoveryCount
ALERT_REMINDER: runner.alerting.reminder
ALERT_LINK_BASEURL: publicURL
ALERT_SMTP_FROM: runner.alerting.from
ALERT_SMTP_TO: runner.alerting.to
ALERT_SMTP_HOST: runner.alerting.smtpHost
ALERT_SMTP_PORT: runner.alerting.smtpPort
ALERT_SMTP_USER: runner.alerting.smtpUser
ALERT_SMTP_TLS: runner.alerting.smtpTLS
ALERT_SMTP_PASSWORD: runner.alerting.password, or add the key ALERT_SMTP_PASSWORD to the secret in runner.alerting.existingSecret
ALERT_WEBHOOK_URL: runner.alerting.webhookURL, or add the key ALERT_WEBHOOK_URL to the secret in runner.alerting.existingSecret
ALERT_WEBHOOK_SECRET: runner.alerting.webhookSecret, or add the key ALERT_WEBHOOK_SECRET to the secret in runner.alerting.existingSecret
ALERT_SLACK_URL: runner.alerting.slackURL, or add the key ALERT_SLACK_URL to the secret in runner.alerting.existingSecret
ALERT_TEAMS_URL: runner.alerting.teamsURL, or add the key ALERT_TEAMS_URL to the secret in runner.alerting.existingSecret
ALERT_DISCORD_URL: runner.alerting.discordURL, or add the key ALERT_DISCORD_URL to the secret in runner.alerting.existingSecret
ALERT_NTFY_URL: runner.alerting.ntfyURL, or add the key ALERT_NTFY_URL to the secret in runner.alerting.existingSecret
ALERT_NTFY_TOKEN: runner.alerting.ntfyToken, or add the key ALERT_NTFY_TOKEN to the secret in runner.alerting.existingSecret
ALERT_PAGERDUTY_KEY: runner.alerting.pagerDutyKey, or add the key ALERT_PAGERDUTY_KEY to the secret in runner.alerting.existingSecret
{{- end }}
