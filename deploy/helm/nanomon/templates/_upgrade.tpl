{{/* These checks compare an upgrade with the objects in the cluster, and stop it if Kubernetes would refuse a part of
it, or if it would lose sight of the data. Helm renders all templates before it changes the first object. Without a
cluster, as in `helm template`, lookup finds nothing and all checks pass. */}}

{{- define "nanomon.checkUpgrade" -}}
{{- if .Release.IsUpgrade -}}
{{- range list "api" "frontend" "runner" -}}
{{- include "nanomon.checkSelector" (list $ .) -}}
{{- end -}}
{{- if include "nanomon.ownMongoDB" . -}}
{{- $name := printf "%s-mongodb" (include "nanomon.fullname" .) -}}
{{- $set := lookup "apps/v1" "StatefulSet" .Release.Namespace $name -}}
{{- if $set -}}
{{- include "nanomon.checkVolume" (list . $set) -}}
{{- else -}}
{{- include "nanomon.checkRename" (list . $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The labels by which a Deployment selects its pods can't change. They contain nameOverride. */}}
{{- define "nanomon.checkSelector" -}}
{{- $root := index . 0 -}}
{{- $name := printf "%s-%s" (include "nanomon.fullname" $root) (index . 1) -}}
{{- with lookup "apps/v1" "Deployment" $root.Release.Namespace $name -}}
{{- if ne (toJson .spec.selector.matchLabels) (include "nanomon.selector" $ | fromYaml | toJson) -}}
{{- fail (printf "an upgrade can't change the labels by which the Deployment %s selects its pods: set nameOverride back to its previous value or, if another chart installed it, such as the one of the original NanoMon, uninstall that release first" $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Another name would make Helm delete the MongoDB of this release and create a new one. The list contains the
StatefulSets of others too. */}}
{{- define "nanomon.checkRename" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $labels := include "nanomon.labels" (list $root "mongodb") | fromYaml -}}
{{- range (lookup "apps/v1" "StatefulSet" $root.Release.Namespace "").items -}}
{{- $found := .metadata.labels | default dict -}}
{{- $isOwn := hasPrefix (printf "%s-" $root.Chart.Name) (get $found "helm.sh/chart" | toString) -}}
{{- range list "app.kubernetes.io/instance" "app.kubernetes.io/component" -}}
{{- $isOwn = and $isOwn (eq (get $found . | toString) (get $labels .)) -}}
{{- end -}}
{{- if $isOwn -}}
{{- fail (printf "this release would get a new, empty MongoDB: the existing StatefulSet %s would be replaced by %s. Set nameOverride and fullnameOverride back to their previous values. To rename the release, see \"Upgrade\" in the README of the chart" .metadata.name $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The volume of a StatefulSet can't change. */}}
{{- define "nanomon.checkVolume" -}}
{{- $root := index . 0 -}}
{{- $now := $root.Values.mongodb.persistence -}}
{{- $claims := (index . 1).spec.volumeClaimTemplates -}}
{{- if ne (empty $claims) (not $now.enabled) -}}
{{- include "nanomon.refuseVolume" (list "enabled" (not $now.enabled) $now.enabled) -}}
{{- end -}}
{{- range $claims -}}
{{- $size := .spec.resources.requests.storage -}}
{{- if ne (include "nanomon.quantity" $size) (include "nanomon.quantity" $now.size) -}}
{{- include "nanomon.refuseVolume" (list "size" $size $now.size) -}}
{{- end -}}
{{- $class := .spec.storageClassName | default "" -}}
{{- if ne $class ($now.storageClass | default "") -}}
{{- include "nanomon.refuseVolume" (list "storageClass" $class ($now.storageClass | default "")) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "nanomon.refuseVolume" -}}
{{- fail (printf "mongodb.persistence.%s can't change from %s to %s, because Kubernetes can't change the volume of a StatefulSet: set it back, or follow the section \"Change the volume of MongoDB\" in the README of the chart" (index . 0) (toJson (index . 1)) (toJson (index . 2))) -}}
{{- end }}

{{/* A Kubernetes quantity such as 512Mi as a number without a unit, to compare it with another one. */}}
{{- define "nanomon.quantity" -}}
{{- $text := include "nanomon.text" . -}}
{{- $unit := regexFind "[a-zA-Z]*$" $text -}}
{{- $factors := dict "" 1 "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976 -}}
{{ mulf (trimSuffix $unit $text | float64) (get $factors $unit) }}
{{- end }}
