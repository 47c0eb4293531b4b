targetScope = 'subscription'

import { profileName, profiles } from 'profiles.bicep'

@minLength(1)
@maxLength(40)
@description('The name of the environment, of which all names are made.')
param environmentName string

@minLength(1)
@description('The first region, which takes the writes.')
param location string

@description('More regions, of the profile Premium.')
param moreRegions string[] = []

@description('What is provisioned, and the highest tier of the registries in it.')
param profile profileName = 'Basic'

@description('The registry that the deployment starts with.')
@minLength(5)
@maxLength(50)
param defaultRegistry string = 'portolan'

@description('A domain of your own: `<registry>.<domain>` is a registry\'s login server. Empty: registries are found in the path, on the app\'s own host.')
param domain string = ''

@description('Object ids of Entra users, groups and service principals that may do everything in every registry, split by commas.')
param administrators string = ''

@description('Requests that one instance answers at once.')
@minValue(1)
@maxValue(1000)
param requestsPerInstance int = 16

@description('Bytes of a request\'s body that the Functions host lets through.')
param requestBytesMax int = 21474836480

@description('Days for which logs are kept.')
param logRetentionDays int = 30

@description('GB of logs a day after which no more is taken in; -1: no end.')
param logDailyQuotaGb int = 1

var chosen = profiles[profile]
var regions = concat([location], chosen.moreRegions ? moreRegions : [])
var abbreviations = loadJsonContent('abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = {
  'azd-env-name': environmentName
}

// Accounts have names of up to 24 letters and digits, the same in every run.
var regionTokens = [for region in regions: toLower(uniqueString(subscription().id, environmentName, location, region))]
var storageNames = [for regionToken in regionTokens: '${abbreviations.storageAccount}${regionToken}']
var appNames = [for regionToken in regionTokens: '${abbreviations.functionApp}${regionToken}']
var appHosts = [for appName in appNames: '${appName}.azurewebsites.net']
var storageAccounts = [
  for (region, index) in regions: '${region}=https://${storageNames[index]}.blob.${environment().suffixes.storage}'
]

var databaseName = 'portolan'
var containerName = 'documents'

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: '${abbreviations.resourceGroup}${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: '${abbreviations.managedIdentity}${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: '${abbreviations.logAnalytics}${token}'
    insightsName: '${abbreviations.applicationInsights}${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

module keys 'modules/keys.bicep' = {
  name: 'keys'
  scope: group
  params: {
    name: '${abbreviations.keyVault}${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    isPrivate: false
  }
}

module cosmos 'modules/cosmos.bicep' = {
  name: 'cosmos'
  scope: group
  params: {
    name: '${abbreviations.cosmosAccount}${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    moreRegions: skip(regions, 1)
    serverless: chosen.serverlessDatabase
    throughputMax: chosen.databaseThroughputMax
    zoneRedundant: chosen.zoneRedundant
    backup: chosen.databaseBackup
    isPrivate: false
    databaseName: databaseName
    containerName: containerName
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    principalId: identity.outputs.principalId
    cosmosName: cosmos.outputs.name
    databaseName: databaseName
    vaultName: keys.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module region 'modules/region.bicep' = [
  for (name, index) in regions: {
    name: 'region-${name}'
    scope: group
    params: {
      location: name
      tags: tags
      names: {
        functionApp: appNames[index]
        plan: '${abbreviations.appServicePlan}${regionTokens[index]}'
        storage: storageNames[index]
        hostStorage: '${abbreviations.storageAccount}h${regionTokens[index]}'
      }
      profile: chosen
      workspaceId: monitoring.outputs.workspaceId
      insightsName: monitoring.outputs.insightsName
      identity: {
        id: identity.outputs.id
        clientId: identity.outputs.clientId
        principalId: identity.outputs.principalId
      }
      settings: {
        AUTH: 'true'
        COSMOS_ENDPOINT: cosmos.outputs.endpoint
        COSMOS_DATABASE: databaseName
        COSMOS_CONTAINER: containerName
        STORAGE_ACCOUNTS: join(storageAccounts, ',')
        KEY_VAULT_URL: keys.outputs.uri
        DEFAULT_REGISTRY: defaultRegistry
        DEFAULT_TIER: profile
        REGISTRY_DOMAIN: empty(domain) ? appHosts[0] : domain
        SHARED_HOSTS: join(appHosts, ',')
        SUBSCRIPTION_ID: subscription().subscriptionId
        RESOURCE_GROUP: group.name
        ENTRA_TENANT_ID: tenant().tenantId
        ENTRA_ADMINISTRATORS: administrators
        EXPECTED_INSTANCES: string(max(1, chosen.warmInstances * length(regions)))
        FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(requestBytesMax)
      }
      requestsPerInstance: requestsPerInstance
      subnetId: ''
      // azd deploys to the one resource that has this tag; a hook brings the same package to the others.
      appTags: index == 0 ? { 'azd-service-name': 'registry' } : {}
    }
    // Its first start reads documents and keys.
    dependsOn: [
      roles
    ]
  }
]

output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output LOGIN_SERVER string = region[0].outputs.hostName
output DEFAULT_REGISTRY string = defaultRegistry
output REGIONAL_APP_NAMES string[] = [for (name, index) in regions: region[index].outputs.functionAppName]
