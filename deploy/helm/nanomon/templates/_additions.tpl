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
{{- include "nanomon.checkMounts" (list $service $pod.volumes $container.volumeMounts) -}}
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
{{- $value := get (include "nanomon.variables" $ | fromYaml) .name -}}
{{- $advice := $value | empty | ternary ", because the chart needs its own value" (printf " and set %s" $value) -}}
{{- fail (printf "%s.extraEnv contains %s, which the chart sets already: remove it there%s" $service .name $advice) -}}
{{- else if ne (len (without $names .name)) (sub (len $names) 1 | int) -}}
{{- fail (printf "%s.extraEnv contains %s twice: remove one of them" $service .name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Fails unless an environment variable has at most one source. */}}
{{- define "nanomon.checkSource" -}}
{{- $entry := printf "%s.extraEnv contains %s" (index . 0) (index . 1).name -}}
{{- with (index . 1).valueFrom -}}
{{- if (index $ 1).value -}}
{{- fail (printf "%s with value and valueFrom: remove one of them" $entry) -}}
{{- else if ne (values . | compact | len) 1 -}}
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
{{- if gt (omit . "name" | values | compact | len) 1 -}}
{{- fail (printf "%s contains the volume %s with several sources (%s): keep one of them" $value .name (omit . "name" | keys | sortAlpha | join ", ")) -}}
{{- else if has .name $own -}}
{{- fail (printf "%s contains the volume %s, which the chart has already: give it another name" $value .name) -}}
{{- else if ne (len (without $names .name)) (sub (len $names) 1 | int) -}}
{{- fail (printf "%s contains the volume %s twice: give one of them another name" $value .name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* For the service, all volumes and all mounts. */}}
{{- define "nanomon.checkMounts" -}}
{{- $service := index . 0 -}}
{{- $volumes := dict -}}
{{- range index . 1 }}{{ $_ := set $volumes .name true }}{{ end -}}
{{- $paths := dict -}}
{{- range index . 2 -}}
{{- $path := clean (printf "/%s" .mountPath) -}}
{{- if not (hasKey $volumes .name) -}}
{{- fail (printf "%s.extraVolumeMounts contains a mount of the volume %s, which doesn't exist: add it to %s.extraVolumes" $service .name $service) -}}
{{- else if hasKey $paths $path -}}
{{- fail (printf "%s.extraVolumeMounts contains a mount at %s, where another volume is mounted: use another path" $service .mountPath) -}}
{{- end -}}
{{- $_ := set $paths $path true -}}
{{- end -}}
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
SPOOL_DIR: runner.spool.enabled
USE_POLLING: runner.usePolling
POLLING_INTERVAL: runner.pollingInterval
RESULT_RETENTION: runner.resultRetention
ROLLUP_RETENTION: runner.rollupRetention
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
ALERT_SMTP_PASSWORD: runner.alerting.password
ALERT_WEBHOOK_URL: runner.alerting.webhookURL
ALERT_WEBHOOK_SECRET: runner.alerting.webhookSecret
ALERT_SLACK_URL: runner.alerting.slackURL
ALERT_TEAMS_URL: runner.alerting.teamsURL
ALERT_DISCORD_URL: runner.alerting.discordURL
ALERT_NTFY_URL: runner.alerting.ntfyURL
ALERT_NTFY_TOKEN: runner.alerting.ntfyToken
ALERT_PAGERDUTY_KEY: runner.alerting.pagerDutyKey
{{- end }}
