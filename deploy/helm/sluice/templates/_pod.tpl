{{/*
What all pods share. Takes a dict: root, component, args, env (name: value),
role (values with secretEnv and secretMounts), destinationSecrets, configMap,
serviceAccount, long (a role with an admin endpoint, not a job).
*/}}
{{- define "sluice.podSpec" -}}
{{- $ := .root -}}
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext: {{- toYaml $.Values.podSecurityContext | nindent 2 }}
containers:
  - name: sluice
    image: {{ include "sluice.image" $ | quote }}
    imagePullPolicy: {{ $.Values.image.pullPolicy }}
    args: {{ toJson .args }}
    env: {{- include "sluice.env" . | trim | nindent 6 }}
    {{- if .long }}
    ports:
      - {name: admin, containerPort: 9464, protocol: TCP}
    startupProbe:
      httpGet: {path: /livez, port: admin}
      periodSeconds: 2
      failureThreshold: 60
    livenessProbe:
      httpGet: {path: /livez, port: admin}
      periodSeconds: 10
      timeoutSeconds: 3
      failureThreshold: 6
    readinessProbe:
      httpGet: {path: /readyz, port: admin}
      periodSeconds: 5
      timeoutSeconds: 3
      failureThreshold: 3
    {{- end }}
    resources: {{- toYaml .resources | nindent 6 }}
    securityContext: {{- toYaml $.Values.securityContext | nindent 6 }}
    volumeMounts:
      - {name: config, mountPath: /etc/sluice/config, readOnly: true}
      {{- if .destinationSecrets }}
      - {name: destination-secrets, mountPath: /etc/sluice/secrets, readOnly: true}
      {{- end }}
      {{- range $i, $m := concat $.Values.secretMounts .role.secretMounts }}
      - {name: secret-{{ $i }}, mountPath: {{ $m.path | quote }}, readOnly: true}
      {{- end }}
volumes:
  - name: config
    configMap: {name: {{ .configMap }}}
  {{- if .destinationSecrets }}
  # Projected and never by subPath: the kubelet writes a rotated secret into the
  # running pod, and the sender reads it again.
  - name: destination-secrets
    projected:
      defaultMode: 0440
      sources:
        {{- range .destinationSecrets }}
        - secret: {name: {{ . }}}
        {{- end }}
  {{- end }}
  {{- range $i, $m := concat $.Values.secretMounts .role.secretMounts }}
  - name: secret-{{ $i }}
    secret: {secretName: {{ $m.name }}, defaultMode: 0440}
  {{- end }}
{{- end -}}

{{/* The environment. A name that is set twice is refused. */}}
{{- define "sluice.env" -}}
{{- $plain := dict "SLUICE_CONFIG" "/etc/sluice/config/sluice.yaml" -}}
{{- if .long -}}{{- $_ := set $plain "SLUICE_ADMIN_LISTEN" "0.0.0.0:9464" -}}{{- end -}}
{{- range $name, $value := .env -}}{{- $_ := set $plain $name $value -}}{{- end -}}
{{- range $name, $value := (default (dict) .role.env) -}}
{{- if hasKey $plain $name -}}{{- fail (printf "env.%s is set by the chart itself" $name) -}}{{- end -}}
{{- $_ := set $plain $name $value -}}
{{- end -}}
{{- $secret := merge (dict) .role.secretEnv .root.Values.secretEnv -}}
{{- if .instance }}
# A stable name: a restart ends its predecessor's transactions at once.
- name: SLUICE_ROUTER_INSTANCE
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}
{{- range $name, $value := $plain }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $ref := $secret }}
{{- if hasKey $plain $name -}}{{- fail (printf "%s is set both as env and as secretEnv" $name) -}}{{- end }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $ref.name }}, key: {{ $ref.key }}}}
{{- end }}
{{- end -}}

{{/* Where pods of a role run. Takes (dict "root" "role" "component"). */}}
{{- define "sluice.placement" -}}
{{- with .role.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .role.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if .role.spreadOver }}
topologySpreadConstraints:
  {{- range $key := .role.spreadOver }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "sluice.selector" (list $.root $.component) | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Pod metadata; the checksum restarts pods whose configuration changed. Takes (list $ component). */}}
{{- define "sluice.podMeta" -}}
{{- $ := index . 0 -}}
labels: {{- include "sluice.labels" . | nindent 2 }}
  {{- with $.Values.podLabels }}{{ toYaml . | nindent 2 }}{{ end }}
annotations:
  checksum/config: {{ toJson $.Values.config | sha256sum }}
  {{- with $.Values.podAnnotations }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end -}}
