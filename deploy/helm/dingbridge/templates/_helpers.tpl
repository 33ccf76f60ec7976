{{- define "dingbridge.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "dingbridge.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "dingbridge.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "dingbridge.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "dingbridge.selector" -}}
app.kubernetes.io/name: {{ include "dingbridge.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dingbridge.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "dingbridge.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.image.tag }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "dingbridge.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "dingbridge.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "dingbridge.image" -}}
{{- $repository := required "image.repository: name your image; `make image` makes one" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (required "image.tag: name the version, or give image.digest" .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "dingbridge.issuer" -}}
{{- required "config.issuer: name the address of this provider, such as https://sso.example.com" (get .Values.config "issuer") -}}
{{- end -}}

{{/* The issuer's path, "" where it has none: everything is below it, the probes' paths too. */}}
{{- define "dingbridge.base" -}}
{{- (urlParse (include "dingbridge.issuer" .)).path -}}
{{- end -}}

{{- define "dingbridge.scheme" -}}
{{- if get .Values.config "tls" }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{/* config.yaml: what values say, and what the chart decides. */}}
{{- define "dingbridge.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- $storage := .Values.secrets.storage.existingSecret -}}
{{- $url := get $config "storage" -}}
{{- if and $storage $url -}}
{{- fail "config.storage: is in secrets.storage as well; take one out" -}}
{{- else if not (or $storage $url) -}}
{{- fail "secrets.storage.existingSecret: name the Secret with the URL of Redis" -}}
{{- else if regexMatch "@|(?i)password=" (toString $url) -}}
{{- fail "config.storage: has a password in it, which would be in Helm's records and in a ConfigMap; put the URL into a Secret and name that in secrets.storage" -}}
{{- else if hasPrefix "bolt:" $url -}}
{{- fail "config.storage: replicas need a Redis; a bolt file is for a single process" -}}
{{- end -}}
{{- $_ := set $config "listen" ":8080" -}}
{{- $_ := set $config "drain_delay" (printf "%vs" .Values.drainSeconds) -}}
{{- $_ := set $config "secret_file" "secrets/dingbridge" -}}
{{- $_ := set $config "clients_file" "clients.yaml" -}}
{{- $_ := set $config "admin_socket" "/run/dingbridge/admin.sock" -}}
{{- if .Values.extraClients -}}
{{- $_ := set $config "clients_dir" "/etc/dingbridge-clients" -}}
{{- end -}}
{{- if .Values.metrics.enabled -}}
{{- $_ := set $config "metrics_listen" (printf ":%v" .Values.metrics.port) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}
