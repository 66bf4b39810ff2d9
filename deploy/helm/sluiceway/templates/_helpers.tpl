{{- define "sluiceway.labels" -}}
app.kubernetes.io/name: sluiceway
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "sluiceway.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: SLUICEWAY_DOMAIN
    value: {{ .Values.domain | quote }}
  - name: SLUICEWAY_DATABASE_URL_FILE
    value: /run/secrets/sluiceway/database-url
  - name: SLUICEWAY_VAULT_KEY_FILE
    value: /run/secrets/sluiceway/vault-key
  {{- range $name, $value := .Values.settings }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
volumeMounts:
  - { name: secrets, mountPath: /run/secrets/sluiceway, readOnly: true }
  - { name: scratch, mountPath: /tmp }
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "sluiceway.volumes" -}}
- name: secrets
  secret: { secretName: {{ .Values.existingSecret | quote }}, defaultMode: 0440 }
- name: scratch
  emptyDir: {}
{{- end }}
