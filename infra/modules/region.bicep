// All that one region has: the application, the layers that are pushed there, and the host's own state.

import { provisioned } from '../profiles.bicep'

param location string
param tags object
param names {
  functionApp: string
  plan: string
  storage: string
  hostStorage: string
}
param profile provisioned
param workspaceId string
param insightsName string
param identity {
  id: string
  clientId: string
  principalId: string
}

@description('What all regions are told.')
param settings object
param requestsPerInstance int
param subnetId string

@description('Tags of the function app beside those of everything: azd finds by them where to deploy.')
param appTags object

var packageContainer = 'packages'

module storage 'storage.bicep' = {
  name: 'storage-${location}'
  params: {
    name: names.storage
    location: location
    tags: tags
    workspaceId: workspaceId
    sku: profile.storageSku
    queues: [
      'events'
      'events-poison'
      'collection'
      'collection-poison'
    ]
  }
}

module hostStorage 'host-storage.bicep' = {
  name: 'host-storage-${location}'
  params: {
    name: names.hostStorage
    location: location
    tags: tags
    sku: profile.hostStorageSku
    packageContainer: packageContainer
  }
}

module roles 'region-roles.bicep' = {
  name: 'roles-${location}'
  params: {
    principalId: identity.principalId
    storageName: storage.outputs.name
    hostStorageName: hostStorage.outputs.name
  }
}

module functions 'functions.bicep' = {
  name: 'functions-${location}'
  params: {
    name: names.functionApp
    planName: names.plan
    location: location
    tags: union(tags, appTags)
    workspaceId: workspaceId
    identityId: identity.id
    identityClientId: identity.clientId
    hostStorage: {
      blobEndpoint: hostStorage.outputs.blobEndpoint
      queueEndpoint: hostStorage.outputs.queueEndpoint
      tableEndpoint: hostStorage.outputs.tableEndpoint
    }
    packageContainer: packageContainer
    settings: union(settings, {
      REGION: location
      WORK_STORAGE__queueServiceUri: storage.outputs.queueEndpoint
      WORK_STORAGE__credential: 'managedidentity'
      WORK_STORAGE__clientId: identity.clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.clientId}'
    })
    warmInstances: profile.warmInstances
    instanceMemory: profile.instanceMemory
    instancesMax: profile.instancesMax
    zoneRedundant: profile.zoneRedundant
    requestsPerInstance: requestsPerInstance
    subnetId: subnetId
  }
  // Its first start reads the package, and the registry its keys.
  dependsOn: [
    roles
  ]
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

output functionAppName string = functions.outputs.name
output functionAppId string = functions.outputs.id
output hostName string = functions.outputs.hostName
output storageId string = storage.outputs.id
output storageName string = storage.outputs.name
