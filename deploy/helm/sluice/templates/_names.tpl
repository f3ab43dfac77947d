{{/* The names of everything begin with this. */}}
{{- define "sluice.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a selector names; it can never change. Takes (list $ component). */}}
{{- define "sluice.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ default $.Chart.Name $.Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Every label of an object. Takes (list $ component). */}}
{{- define "sluice.labels" -}}
{{- $ := index . 0 -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "sluice.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "sluice.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "sluice.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* A setting of the configuration file, or its default. Takes (dict "config" .Values.config "path" (list "topics" "prefix") "default" "sluice"). */}}
{{- define "sluice.setting" -}}
{{- $at := .config -}}
{{- range .path -}}
{{- $at = index (default (dict) $at) . -}}
{{- end -}}
{{- if kindIs "invalid" $at -}}{{ .default }}{{- else if kindIs "float64" $at -}}{{ int64 $at }}{{- else -}}{{ $at }}{{- end -}}
{{- end -}}

{{/* Providers that are sent to, as a JSON list in a stable order. */}}
{{- define "sluice.providers" -}}
{{- $names := list -}}
{{- range $name, $p := .Values.sender.providers -}}
{{- if $p.enabled -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- $names | sortAlpha | toJson -}}
{{- end -}}
