// NanoMon on Azure Container Apps, with its data in Azure Cosmos DB for MongoDB.
// The page and the API have a host name each. What is deployed is private until sign-in is on.

@description('Where the images api, runner and frontend are: a registry with a path, such as registry.example.org/nanomon.')
param imageRepository string

@description('Tag of the images.')
param imageTag string

@description('Name to sign in to the registry with; blank where everybody may pull.')
param registryUsername string = ''

@secure()
@description('Password or token for the registry.')
param registryPassword string = ''

@description('Region of everything.')
param location string = resourceGroup().location

@description('First part of the names of the resources.')
@minLength(2)
@maxLength(20)
param name string = 'nanomon'

@description('Switches sign-in on: the client id that scripts/aad-app-reg.sh prints (AUTH_CLIENT_ID). Page and API can be reached only then.')
param authClientId string = ''

@description('Whose accounts may sign in: the tenant that scripts/aad-app-reg.sh prints (AUTH_TENANT).')
param authTenant string = tenant().tenantId

@description('Lets everybody on the internet use page and API without sign-in, and so change everything.')
param openToAll bool = false

@description('Further settings of all services, beside those that are given here, by their names in docs/configuration.md, such as { ALERT_FAIL_COUNT: \'5\' }.')
param settings object = {}

@secure()
@description('Secret settings of the runner by their names, such as { ALERT_SMTP_PASSWORD: \'…\' }. Those that are blank are left out.')
param secretSettings object = {}

@description('Runners; they share the monitors out.')
@minValue(1)
param runnerReplicas int = 1

@description('Replicas of the API, and of the page, that there are at most; there is always one.')
@minValue(1)
param maxReplicas int = 3

@description('For how many hours single results are kept, by NanoMon (RESULT_RETENTION) and by Cosmos DB.')
@minValue(2)
param resultRetentionHours int = 720

@description('Request units a second that Cosmos DB scales to, in thousands; a tenth of it is always paid for.')
@minValue(1000)
param cosmosMaxThroughput int = 1000

@description('Makes a new revision of the runner at each deployment, for a changed secret alone makes none.')
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
    // The server itself tries again what would be over the throughput.
    capabilities: [{ name: 'EnableMongo' }, { name: 'DisableRateLimitingResponses' }]
    minimalTlsVersion: 'Tls12'
  }
}

// All collections share the throughput. NanoMon makes those that are not below, and its indexes.
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

// Cosmos DB sorts along an index only. It goes along one in both directions, which can't be given here.
resource results 'Microsoft.DocumentDB/databaseAccounts/mongodbDatabases/collections@2024-08-15' = {
  parent: database
  name: 'results'
  properties: {
    resource: {
      id: 'results'
      indexes: [
        { key: { keys: ['_id'] } }
        { key: { keys: ['monitor_id', 'date', '_id'] } }
        { key: { keys: ['date', '_id'] } }
        { key: { keys: ['_ts'] }, options: { expireAfterSeconds: resultRetentionHours * 3600 } }
      ]
    }
  }
}

// What Azure itself gives as the connection string has a key that is not encoded.
var mongoURI = 'mongodb://${cosmos.name}:${uriComponent(cosmos.listKeys().primaryMasterKey)}@${cosmos.name}.mongo.cosmos.azure.com:10255/?ssl=true&replicaSet=globaldb&retryWrites=false&maxIdleTimeMS=120000'

var registry = { server: split(imageRepository, '/')[0], username: registryUsername, passwordSecretRef: 'registry-password' }
var registries = empty(registryUsername) ? [] : [registry]
var registrySecrets = empty(registryUsername) ? [] : [{ name: 'registry-password', value: registryPassword }]
var databaseSecrets = concat(registrySecrets, [{ name: 'mongo-uri', value: mongoURI }])
var ownSecrets = filter(items(secretSettings), s => !empty(s.value))

var signIn = empty(authClientId) ? {} : { AUTH_CLIENT_ID: authClientId, AUTH_TENANT: authTenant }
var commonEnvironment = map(items(union(signIn, settings)), s => { name: s.key, value: s.value })
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
      ingress: { external: reachable, targetPort: 8000 }
    }
    template: {
      containers: [
        {
          name: 'api'
          image: '${imageRepository}/api:${imageTag}'
          resources: { cpu: json('0.25'), memory: '0.5Gi' }
          env: concat(databaseEnvironment, commonEnvironment, [{ name: 'CORS_ORIGINS', value: page }])
          // The first start makes collections and indexes.
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

// The change streams of Cosmos DB differ from those of MongoDB, so the runner polls.
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

@description('Address of the page.')
output page string = page

@description('Whether page and API can be reached from the internet.')
output reachable bool = reachable
