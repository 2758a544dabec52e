package kubernetes

import "slices"

// mongodb lists the objects of installations that deploy MongoDB.
var mongodb = []string{"StatefulSet/-mongodb", "Service/-mongodb", "ConfigMap/-mongodb", "Secret/-mongodb"}

// Everything turns on every feature that can be combined, and sets every credential.
const Everything = `
image: {regRepo: registry.example.org/nanomon, tag: 1.2.3, pullPolicy: Always, pullSecrets: [registry, {name: mirror}]}
authClientId: nanomon
auth: {issuer: "https://login.example.org/realms/shop", audience: nanomon, protectReads: true}
api:
  serviceType: LoadBalancer
  serviceAnnotations: {example.org/internal: "true"}
  corsOrigins: https://wall.example.org
  allowedHosts: nanomon.internal, *.example.org
  trustedProxies: 10.244.0.0/16
  autoscaling: {enabled: true}
  extraEnv: [{name: SSL_CERT_FILE, value: /ca/ca.crt}]
  extraVolumes: [{name: ca, configMap: {name: ca}}]
  extraVolumeMounts: [{name: ca, mountPath: /ca}]
frontend:
  autoscaling: {enabled: true}
  extraEnv: [{name: TZ, value: UTC}]
  extraVolumes: [{name: ca, configMap: {name: ca}}]
  extraVolumeMounts: [{name: ca, mountPath: /ca}]
runner:
  resultRetention: 48h
  rollupRetention: 720h
  hourRetention: 240h
  targetDeny: 10.0.0.0/8
  checkMemory: 64MiB
  targetAllow: 10.1.0.0/16
  secretsAllow: file:/secrets/
  autoscaling: {enabled: true}
  extraEnv: [{name: HTTPS_PROXY, value: "http://proxy.example.org:3128"}]
  extraVolumes: [{name: secrets, secret: {secretName: checks}}]
  extraVolumeMounts: [{name: secrets, mountPath: /secrets}]
  alerting:
    failCount: 2
    recoveryCount: 2
    reminder: 4h
    from: nanomon@example.org
    to: a@example.org, b@example.org
    smtpHost: smtp.example.org
    smtpPort: 465
    smtpUser: nanomon
    smtpTLS: implicit
    password: s3cret-password
    webhookURL: https://hooks.example.org/s3cret-webhook
    webhookSecret: s3cret-signature
    slackURL: https://slack.example.org/s3cret-slack
    teamsURL: https://teams.example.org/s3cret-teams
    discordURL: https://discord.example.org/s3cret-discord
    ntfyURL: https://ntfy.example.org/s3cret-ntfy
    ntfyToken: s3cret-token
    pagerDutyKey: s3cret-key
mongodb: {connectionURI: "mongodb://nanomon:s3cret-mongo@db.example.org/?tls=true"}
ingress: {enabled: true, className: nginx, annotations: {example.org/body-size: 16m}, host: nanomon.example.org, tlsSecret: certificate,
  statusHosts: [{host: status.example.org, tlsSecret: status-certificate}, {host: status.example.com}]}
httpRoute: {enabled: true, annotations: {example.org/a: b}, parentRefs: [{name: gateway, namespace: infra, sectionName: https}], hostnames: [nanomon.example.org],
  statusHostnames: [status.example.org, status.example.com]}
metrics: {enabled: true, serviceMonitor: {enabled: true, labels: {release: prometheus}, interval: 30s, apiKeySecret: {name: nanomon-key, key: key}}}
podDisruptionBudget: {enabled: true}
networkPolicy:
  enabled: true
  from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}]
  metricsFrom: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: prometheus}}}]
podAnnotations: {example.org/team: shop}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: dedicated, operator: Exists}]
affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: [{key: disk, operator: In, values: [ssd]}]}}]}}
serviceAccountName: nanomon
`

// Case represents values of the chart that tests install.
type Case struct {
	// Values is the text of a values file.
	Values string
	// Created lists the objects that the chart creates in addition to the three services, as "Kind/-suffix" without the
	// prefix of the release.
	Created []string
	// External lists the objects that the chart refers to but doesn't create, as "Kind/name".
	External []string
}

// Cases maps a name to each case.
var Cases = map[string]Case{
	"defaults": {Created: mongodb},
	"blank values": {Created: append(slices.Clone(mongodb), "Ingress/", "Service/-runner", "ServiceMonitor/-api", "ServiceMonitor/-runner"), Values: `
image: {tag: , pullPolicy: , pullSecrets: }
authClientId:
auth: {tenant: , protectReads: }
publicURL:
api: {replicaCount: , serviceType: , serviceAnnotations: , resources: , extraEnv: }
frontend: {serviceType: , apiEndpoint: }
runner: {usePolling: , pollingInterval: , alerting: {password: , from: , to: , smtpHost: , smtpPort: , failCount: }}
mongodb: {connectionURI: , existingSecretKey: , timeout: , persistence: {storageClass: }}
ingress: {enabled: true, className: , annotations: , host: , tlsSecret: }
metrics: {serviceMonitor: {enabled: true, labels: , interval: }}
podAnnotations:
nodeSelector:
tolerations:
affinity:
nameOverride:
fullnameOverride:
`},
	"external MongoDB by URI": {
		Values:  `mongodb: {enabled: false, connectionURI: "mongodb+srv://nanomon:s3cret-mongo@db.example.org/"}`,
		Created: []string{"Secret/-secrets"},
	},
	"external MongoDB by secret": {
		Values:   `mongodb: {existingSecret: database, existingSecretKey: uri, database: shop}`,
		External: []string{"Secret/database"},
	},
	"own MongoDB with an existing secret": {
		Values:   `mongodb: {auth: {existingSecret: passwords}, persistence: {size: 20Gi, storageClass: fast}}`,
		Created:  []string{"StatefulSet/-mongodb", "Service/-mongodb", "ConfigMap/-mongodb"},
		External: []string{"Secret/passwords", "StorageClass/fast"},
	},
	"own MongoDB without a volume": {Values: `mongodb: {persistence: {enabled: false}}`, Created: mongodb},
	"ingress": {
		Values:   `ingress: {enabled: true, host: nanomon.example.org, tlsSecret: certificate}`,
		Created:  append(slices.Clone(mongodb), "Ingress/"),
		External: []string{"Secret/certificate"},
	},
	"gateway": {
		Values:   `httpRoute: {enabled: true, parentRefs: [{name: gateway}]}`,
		Created:  append(slices.Clone(mongodb), "HTTPRoute/"),
		External: []string{"Gateway/gateway"},
	},
	"autoscaling": {
		Values:  `{api: {autoscaling: {enabled: true}}, runner: {autoscaling: {enabled: true, maxReplicas: 20}}}`,
		Created: append(slices.Clone(mongodb), "HorizontalPodAutoscaler/-api", "HorizontalPodAutoscaler/-runner"),
	},
	"network policies": {
		Values: `networkPolicy: {enabled: true}`,
		Created: append(slices.Clone(mongodb), "NetworkPolicy/-api", "NetworkPolicy/-frontend", "NetworkPolicy/-runner",
			"NetworkPolicy/-mongodb"),
	},
	"metrics": {
		Values:  `metrics: {serviceMonitor: {enabled: true}}`,
		Created: append(slices.Clone(mongodb), "Service/-runner", "ServiceMonitor/-api", "ServiceMonitor/-runner"),
	},
	"sign-in": {
		Values:  `{authClientId: 00000000-0000-0000-0000-000000000001, auth: {tenant: organizations}}`,
		Created: mongodb,
	},
	"notifications with an existing secret": {
		Values:  `runner: {alerting: {from: a@example.org, to: b@example.org, existingSecret: channels}}`,
		Created: mongodb,
	},
	"notifications with credentials in values and in an existing secret": {
		Values:  `runner: {alerting: {slackURL: "https://slack.example.org/s3cret-slack", existingSecret: channels}}`,
		Created: append(slices.Clone(mongodb), "Secret/-secrets"),
	},
	"no ping, no spool": {Values: `runner: {ping: false, spool: {enabled: false}}`, Created: mongodb},
	"everything": {
		Values: Everything,
		Created: []string{
			"Secret/-secrets", "Ingress/", "HTTPRoute/", "HTTPRoute/-status", "NetworkPolicy/-api", "NetworkPolicy/-frontend", "NetworkPolicy/-runner",
			"HorizontalPodAutoscaler/-api", "HorizontalPodAutoscaler/-frontend", "HorizontalPodAutoscaler/-runner",
			"PodDisruptionBudget/-api", "PodDisruptionBudget/-frontend", "PodDisruptionBudget/-runner", "Service/-runner", "ServiceMonitor/-api", "ServiceMonitor/-runner",
		},
		External: []string{
			"Secret/registry", "Secret/mirror", "ConfigMap/ca", "Secret/checks", "Secret/certificate", "Secret/status-certificate", "Gateway/gateway", "ServiceAccount/nanomon",
		},
	},
}
