{{/* The names of services have stricter rules than those of other objects and of releases. */}}
{{- define "nanomon.checkNames" -}}
{{- $name := include "nanomon.fullname" . -}}
{{- if contains "." $name -}}
{{- fail (printf "the names of services would begin with %q, but can't contain a dot: set fullnameOverride" $name) -}}
{{- else if and (regexMatch "^[0-9]" $name) (semverCompare "<1.36-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "the names of services would begin with %q, but must begin with a letter: set fullnameOverride" $name) -}}
{{- end -}}
{{- end }}

{{- define "nanomon.checkAnnotations" -}}
{{- if hasKey (.Values.podAnnotations | default dict) "checksum/secrets" -}}
{{- fail "podAnnotations contains checksum/secrets, which the chart sets already: remove it" -}}
{{- end -}}
{{- end }}

{{/* The names of the entries of a dictionary that are not null, separated by commas. */}}
{{- define "nanomon.kinds" -}}
{{- $kinds := list -}}
{{- range $kind, $content := . }}{{ if not (kindIs "invalid" $content) }}{{ $kinds = append $kinds $kind }}{{ end }}{{ end -}}
{{- join ", " $kinds -}}
{{- end }}

{{/* Fails if a request is above its limit. For the root and the name of the value that has resources. */}}
{{- define "nanomon.checkResources" -}}
{{- $value := printf "%s.resources" (index . 1) -}}
{{- $resources := (get (index . 0).Values (index . 1)).resources | default dict -}}
{{- $requests := $resources.requests | default dict -}}
{{- range $name, $limit := $resources.limits -}}
{{- $request := get $requests $name -}}
{{- if and (not (kindIs "invalid" $limit)) (ne (toString $request) "") (not (kindIs "invalid" $request)) -}}
{{- if gt (include "nanomon.quantity" $request | float64) (include "nanomon.quantity" $limit | float64) -}}
{{- fail (printf "%s requests %s of %s, which is above the limit of %s: lower %s.requests or raise %s.limits" $value (include "nanomon.text" $request) $name (include "nanomon.text" $limit) $value $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Fails if an autoscaler could never work. A CPU limit without a request is a request too. */}}
{{- define "nanomon.checkAutoscaling" -}}
{{- $name := index . 1 -}}
{{- $values := get (index . 0).Values $name -}}
{{- if $values.autoscaling.enabled -}}
{{- $resources := $values.resources | default dict -}}
{{- if gt (int $values.autoscaling.minReplicas) (int $values.autoscaling.maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is %v, which is above maxReplicas, %v: raise maxReplicas or lower minReplicas" $name $values.autoscaling.minReplicas $values.autoscaling.maxReplicas) -}}
{{- else if not (or (dig "requests" "cpu" "" $resources) (dig "limits" "cpu" "" $resources)) -}}
{{- fail (printf "%s.autoscaling needs a CPU request, because it measures in percent of it: set %s.resources.requests.cpu, even if a LimitRange sets a default" $name $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* An error of the schema would show the URI, which contains a password. */}}
{{- define "nanomon.checkURI" -}}
{{- with .Values.mongodb.connectionURI -}}
{{- if not (regexMatch "^mongodb([+]srv)?://." .) -}}
{{- fail "mongodb.connectionURI must begin with mongodb:// or mongodb+srv://" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* An error of the schema would show the number, and so a credential. */}}
{{- define "nanomon.checkCredentials" -}}
{{- range list "smtpUser" "password" "webhookSecret" "ntfyToken" "pagerDutyKey" -}}
{{- $credential := get $.Values.runner.alerting . -}}
{{- if not (kindIs "string" $credential) -}}
{{- if or (lt (float64 $credential) 0.0) (gt (float64 $credential) 9007199254740991.0) -}}
{{- fail (printf "runner.alerting.%s is a number that Helm can't read exactly: put it in quotes" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nanomon.checkHosts" -}}
{{- if .Values.ingress.enabled }}
{{- include "nanomon.checkHost" (list "ingress.host" .Values.ingress.host) -}}
{{- $status := list -}}
{{- range .Values.ingress.statusHosts }}{{ $status = append $status .host }}{{ end -}}
{{- include "nanomon.checkStatusHosts" (list "ingress.statusHosts" $status "ingress.host" (list .Values.ingress.host)) -}}
{{- end -}}
{{- if .Values.httpRoute.enabled -}}
{{- range .Values.httpRoute.hostnames }}{{ include "nanomon.checkHost" (list "httpRoute.hostnames" .) }}{{ end -}}
{{- include "nanomon.checkStatusHosts" (list "httpRoute.statusHostnames" .Values.httpRoute.statusHostnames "httpRoute.hostnames" .Values.httpRoute.hostnames) -}}
{{- end -}}
{{- end }}

{{- define "nanomon.checkHost" -}}
{{- if regexMatch "^[0-9.]+$" (index . 1 | default "") -}}
{{- fail (printf "%s contains %s, but Kubernetes accepts only host names there: leave it empty to accept all hosts and IP addresses" (index . 0) (index . 1)) -}}
{{- end -}}
{{- end }}

{{/* Fails if a host name of status pages is an address, or is there twice, or is that of the page, whose paths are others. */}}
{{- define "nanomon.checkStatusHosts" -}}
{{- $value := index . 0 -}}
{{- $page := index . 2 -}}
{{- $used := index . 3 | default list -}}
{{- range index . 1 -}}
{{- include "nanomon.checkHost" (list $value .) -}}
{{- if has . $used -}}
{{- fail (printf "%s contains %s, which is there twice or is a host of the page in %s: remove it, because the page's host shows status pages too" $value . $page) -}}
{{- end -}}
{{- $used = append $used . -}}
{{- end -}}
{{- end }}

{{/* Fails if a peer of a network policy is empty or mixes addresses and pods. */}}
{{- define "nanomon.checkPeers" -}}
{{- $value := printf "networkPolicy.%s" (index . 1) -}}
{{- range get (index . 0).Values.networkPolicy (index . 1) -}}
{{- $kinds := include "nanomon.kinds" . -}}
{{- if not $kinds -}}
{{- fail (printf "%s contains an empty peer: give it a podSelector, a namespaceSelector or an ipBlock; leave the whole list empty to admit everyone" $value) -}}
{{- else if and (contains "ipBlock" $kinds) (contains "," $kinds) -}}
{{- fail (printf "%s contains a peer with both an ipBlock and a selector: make two peers of it" $value) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nanomon.checkTolerations" -}}
{{- range .Values.tolerations -}}
{{- if not (or .key (eq (.operator | default "") "Exists")) -}}
{{- fail "tolerations contains an entry without a key: set its key, or operator to Exists to tolerate all taints" -}}
{{- else if and .value (eq (.operator | default "") "Exists") -}}
{{- fail (printf "tolerations contains the key %q with a value and the operator Exists: remove the value, or set operator to Equal" (.key | default "")) -}}
{{- else if and (not (kindIs "invalid" .tolerationSeconds)) (ne (.effect | default "") "NoExecute") -}}
{{- fail (printf "tolerations contains the key %q with tolerationSeconds, which needs the effect NoExecute" (.key | default "")) -}}
{{- end -}}
{{- end -}}
{{- end }}
