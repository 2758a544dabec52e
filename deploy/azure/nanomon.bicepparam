// What you deploy; main.bicep tells of all parameters.
using './main.bicep'

param imageRepository = 'registry.example.org/nanomon'
param imageTag = '1.0.0'

// What scripts/aad-app-reg.sh prints for the address of the page. Until then nobody can reach it.
param authClientId = ''

// Settings by their names in docs/configuration.md. Secrets come from the environment of deploy.sh, not from this file.
param settings = {
  ALERT_FAIL_COUNT: '3'
}
param secretSettings = {
  ALERT_SMTP_PASSWORD: readEnvironmentVariable('ALERT_SMTP_PASSWORD', '')
}
