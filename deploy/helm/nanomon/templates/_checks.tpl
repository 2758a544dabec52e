{{/* The names of services have stricter rules than those of other objects and of releases. */}}
{{- define "nanomon.checkNames" -}}
{{- $name := include "nanomon.fullname" . -}}
{{- if contains "." $name -}}
{{- fail (printf "the names of services would begin with %q, but can't contain a dot: set fullnameOverride" $name) -}}
{{- else if and (regexMatch "^[0-9]" $name) (semverCompare "<1.36-0" .Capabilities.KubeVersion.Version) -}}
{{- fail (printf "the names of services would begin with %q, but must begin with a letter: set fullnameOverride" $name) -}}
{{- end -}}
{{- end }}
