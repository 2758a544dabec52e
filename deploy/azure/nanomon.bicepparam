// Parameters of your deployment. main.bicep describes all of them.
using './main.bicep'

param imageRepository = 'registry.example.org/nanomon'
param imageTag = '1.0.0'

// The client id that scripts/aad-app-reg.sh prints for the URL of the page. The page can't be reached until this is
// set.
param authClientId = ''

// Settings, by their names in docs/configuration.md. Secrets come from the environment of deploy.sh, not from this
// file.
param settings = {
  ALERT_FAIL_COUNT: '3'
}
param secretSettings = {
  ALERT_SMTP_PASSWORD: readEnvironmentVariable('ALERT_SMTP_PASSWORD', '')
}
