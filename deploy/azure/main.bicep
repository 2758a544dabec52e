// Deploys NanoMon to Azure Container Apps, with its data in Azure Cosmos DB for MongoDB.
// The page and the API have separate host names. Neither is reachable from the internet until sign-in is on.

@description('Registry and path of the images api, runner and frontend, such as registry.example.org/nanomon.')
param imageRepository string

@description('Tag of the images.')
param imageTag string

@description('User name for the registry. Leave it empty if the images are public.')
param registryUsername string = ''

@secure()
@description('Password or token for the registry.')
param registryPassword string = ''

@description('Region of all resources.')
param location string = resourceGroup().location

@description('Prefix of the resource names.')
@minLength(2)
@maxLength(20)
param name string = 'nanomon'

@description('Turns sign-in on: the client id that scripts/aad-app-reg.sh prints (AUTH_CLIENT_ID). Until then the page and the API can not be reached.')
param authClientId string = ''

@description('Tenant whose accounts may sign in, as printed by scripts/aad-app-reg.sh (AUTH_TENANT).')
param authTenant string = tenant().tenantId

@description('Opens the page and the API to the internet without sign-in, so that everyone can change everything.')
param openToAll bool = false

@description('Additional settings for all services, by their names in docs/configuration.md, such as { ALERT_FAIL_COUNT: \'5\' }.')
param settings object = {}

@secure()
@description('Secret settings of the runner, by their names in docs/configuration.md, such as { ALERT_SMTP_PASSWORD: \'…\' }. Empty values are ignored.')
param secretSettings object = {}

@description('Host names of status pages, each as { name: \'status.example.org\', certificateId: \'...\' } with the id of a certificate in the environment. They lead to the API.')
param statusPageHosts array = []

@description('Number of runners. They divide the monitors among themselves.')
@minValue(1)
param runnerReplicas int = 1

@description('Maximum number of replicas of the API and of the page; the minimum is one.')
@minValue(1)
param maxReplicas int = 3

@description('Number of hours that NanoMon (RESULT_RETENTION) and Cosmos DB store results.')
@minValue(2)
param resultRetentionHours int = 720

@description('Maximum throughput of Cosmos DB in request units per second, in steps of 1000. A tenth of it is always billed.')
@minValue(1000)
param cosmosMaxThroughput int = 1000

@description('Time of the deployment. It forces a new revision of the runner, because a changed secret alone creates none.')
param deployed string = utcNow('yyyyMMddHHmmss')

var databaseName = 'nanomon'
var reachable = openToAll || !empty(authClientId)
var page = 'https://${name}.${managedEnvironment.properties.defaultDomain}'
var apiHost = 'https://${name}-api.${managedEnvironment.properties.defaultDomain}'

resource logs 'Microsoft.OperationalInsights/workspaces@2022-10-01' = {
  name: '${name}-logs'
  location: location
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
  }
}

resource managedEnvironment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: name
  location: location
  properties: {
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
  }
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2024-08-15' = {
  name: '${name}-${uniqueString(resourceGroup().id)}'
  location: location
  kind: 'MongoDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0 }]
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    apiProperties: { serverVersion: '7.0' }
    // The server retries requests that exceed the throughput.
    capabilities: [{ name: 'EnableMongo' }, { name: 'DisableRateLimitingResponses' }]
    minimalTlsVersion: 'Tls12'
  }
}

// All collections share the throughput. NanoMon creates its indexes and the collections that are not listed below.
resource database 'Microsoft.DocumentDB/databaseAccounts/mongodbDatabases@2024-08-15' = {
  parent: cosmos
  name: databaseName
  properties: {
    resource: { id: databaseName }
    options: { autoscaleSettings: { maxThroughput: cosmosMaxThroughput } }
  }
}

resource monitors 'Microsoft.DocumentDB/databaseAccounts/mongodbDatabases/collections@2024-08-15' = {
  parent: database
  name: 'monitors'
  properties: {
    resource: {
      id: 'monitors'
      indexes: [{ key: { keys: ['_id'] } }]
    }
  }
}

// Cosmos DB can sort only by an indexed key. It uses an index in both directions; the direction can't be set here.
resource results 'Microsoft.DocumentDB/databaseAccounts/mongodbDatabases/collections@2024-08-15' = {
  parent: database
  name: 'results'
  properties: {
    resource: {
      id: 'results'
      indexes: [
        { key: { keys: ['_id'] } }
        { key: { keys: ['monitor_id', 'date', '_id'] } }
        { key: { keys: ['status', 'date', '_id'] } }
        { key: { keys: ['date', '_id'] } }
        { key: { keys: ['_ts'] }, options: { expireAfterSeconds: resultRetentionHours * 3600 } }
      ]
    }
  }
}

// The connection string that Azure provides contains a key that is not URL-encoded, so it is built here.
var mongoURI = 'mongodb://${cosmos.name}:${uriComponent(cosmos.listKeys().primaryMasterKey)}@${cosmos.name}.mongo.cosmos.azure.com:10255/?ssl=true&replicaSet=globaldb&retryWrites=false&maxIdleTimeMS=120000'

var registry = { server: split(imageRepository, '/')[0], username: registryUsername, passwordSecretRef: 'registry-password' }
var registries = empty(registryUsername) ? [] : [registry]
var registrySecrets = empty(registryUsername) ? [] : [{ name: 'registry-password', value: registryPassword }]
var databaseSecrets = concat(registrySecrets, [{ name: 'mongo-uri', value: mongoURI }])
var ownSecrets = filter(items(secretSettings), s => !empty(s.value))

var signIn = empty(authClientId) ? {} : { AUTH_CLIENT_ID: authClientId, AUTH_TENANT: authTenant }
var commonEnvironment = map(items(union(signIn, settings)), s => { name: s.key, value: s.value })
// Without sign-in, the API accepts only known host names. That of the page is in CORS_ORIGINS.
var apiHosts = { ALLOWED_HOSTS: '${name}-api.${managedEnvironment.properties.defaultDomain},${name}-api.internal.${managedEnvironment.properties.defaultDomain}' }
var apiEnvironment = map(items(union(apiHosts, signIn, settings)), s => { name: s.key, value: s.value })
var databaseEnvironment = [
  { name: 'MONGO_URI', secretRef: 'mongo-uri' }
  { name: 'MONGO_DB', value: databaseName }
]

resource api 'Microsoft.App/containerApps@2024-03-01' = {
  name: '${name}-api'
  location: location
  dependsOn: [monitors, results]
  properties: {
    environmentId: managedEnvironment.id
    workloadProfileName: 'Consumption'
    configuration: {
      secrets: databaseSecrets
      registries: registries
      ingress: {
        external: reachable
        targetPort: 8000
        customDomains: map(statusPageHosts, h => { name: h.name, certificateId: h.certificateId, bindingType: 'SniEnabled' })
      }
    }
    template: {
      containers: [
        {
          name: 'api'
          image: '${imageRepository}/api:${imageTag}'
          resources: { cpu: json('0.25'), memory: '0.5Gi' }
          env: concat(databaseEnvironment, apiEnvironment, [{ name: 'CORS_ORIGINS', value: page }])
          // The first start creates collections and indexes, which takes time.
          probes: [
            { type: 'Startup', httpGet: { path: '/api/', port: 8000 }, periodSeconds: 30, failureThreshold: 10 }
            { type: 'Liveness', httpGet: { path: '/api/', port: 8000 } }
            { type: 'Readiness', httpGet: { path: '/api/health', port: 8000 }, timeoutSeconds: 5 }
          ]
        }
      ]
      scale: { minReplicas: 1, maxReplicas: maxReplicas }
    }
  }
}

resource frontend 'Microsoft.App/containerApps@2024-03-01' = {
  name: name
  location: location
  properties: {
    environmentId: managedEnvironment.id
    workloadProfileName: 'Consumption'
    configuration: {
      secrets: registrySecrets
      registries: registries
      ingress: { external: reachable, targetPort: 8001 }
    }
    template: {
      containers: [
        {
          name: 'frontend'
          image: '${imageRepository}/frontend:${imageTag}'
          resources: { cpu: json('0.25'), memory: '0.5Gi' }
          env: concat(commonEnvironment, [{ name: 'API_ENDPOINT', value: '${apiHost}/api' }])
          probes: [{ type: 'Liveness', httpGet: { path: '/', port: 8001 } }]
        }
      ]
      scale: { minReplicas: 1, maxReplicas: maxReplicas }
    }
  }
}

// The runner polls, because the change streams of Cosmos DB differ from those of MongoDB.
resource runner 'Microsoft.App/containerApps@2024-03-01' = {
  name: '${name}-runner'
  location: location
  dependsOn: [monitors, results]
  properties: {
    environmentId: managedEnvironment.id
    workloadProfileName: 'Consumption'
    configuration: {
      secrets: concat(
        databaseSecrets,
        map(ownSecrets, s => { name: toLower(replace(s.key, '_', '-')), value: s.value })
      )
      registries: registries
    }
    template: {
      revisionSuffix: 'd${deployed}'
      containers: [
        {
          name: 'runner'
          image: '${imageRepository}/runner:${imageTag}'
          resources: { cpu: json('0.25'), memory: '0.5Gi' }
          env: concat(
            databaseEnvironment,
            commonEnvironment,
            map(ownSecrets, s => { name: s.key, secretRef: toLower(replace(s.key, '_', '-')) }),
            [
              { name: 'USE_POLLING', value: 'true' }
              { name: 'RESULT_RETENTION', value: '${resultRetentionHours}h' }
              { name: 'ALERT_LINK_BASEURL', value: page }
            ]
          )
        }
      ]
      scale: { minReplicas: runnerReplicas, maxReplicas: runnerReplicas }
    }
  }
}

@description('URL of the page.')
output page string = page

@description('Whether the page and the API can be reached from the internet.')
output reachable bool = reachable
