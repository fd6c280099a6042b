{{- define "microservice-operator.name" -}}
{{- .Values.fullnameOverride | default "microservice-operator" -}}
{{- end -}}

{{- define "microservice-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "microservice-operator.name" .) -}}
{{- else -}}
{{- required "serviceAccount.name: set the name of the existing ServiceAccount, because serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The selector of a Deployment is immutable, so it is the one of manifests/base and contains no value. */}}
{{- define "microservice-operator.selectorLabels" -}}
app.kubernetes.io/name: microservice-operator
{{- end -}}

{{- define "microservice-operator.labels" -}}
{{- $own := dict
  "app.kubernetes.io/name" "microservice-operator"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "microservice-operator"
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- toYaml (merge $own .Values.commonLabels) -}}
{{- end -}}

{{- define "microservice-operator.podLabels" -}}
{{- $own := dict
  "app.kubernetes.io/name" "microservice-operator"
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- toYaml (merge $own .Values.podLabels .Values.commonLabels) -}}
{{- end -}}

{{/* The digest of a release is an annotation and no value: it must not outlive a tag that a user sets. */}}
{{- define "microservice-operator.image" -}}
{{- $image := .Values.image -}}
{{- $repository := required "image.repository: set the image of the operator" $image.repository -}}
{{- $released := index (.Chart.Annotations | default dict) "microservice-operator.dev/image-digest" -}}
{{- if $image.digest -}}
{{- printf "%s%s@%s" $repository (empty $image.tag | ternary "" (printf ":%s" $image.tag)) $image.digest -}}
{{- else if $image.tag -}}
{{- printf "%s:%s" $repository $image.tag -}}
{{- else if $released -}}
{{- printf "%s@%s" $repository $released -}}
{{- else -}}
{{- printf "%s:%s" $repository .Chart.AppVersion -}}
{{- end -}}
{{- end -}}

{{- define "microservice-operator.args" -}}
{{- $args := list "run" -}}
{{- range .Values.namespaces -}}
{{- $args = append $args (printf "--namespace=%s" .) -}}
{{- end -}}
{{- toYaml (concat $args .Values.extraArgs) -}}
{{- end -}}

{{- define "microservice-operator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "microservice-operator.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
