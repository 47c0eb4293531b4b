// All that one region has: the application, the layers that are pushed there, and the host's own state.

import { provisioned } from '../profiles.bicep'

param location string
param tags object
param names {
  functionApp: string
  plan: string
  storage: string
  hostStorage: string
  privateEndpoint: string
}
param profile provisioned
param workspaceId string
param identity {
  id: string
  clientId: string
  principalId: string
}

@description('What all regions are told.')
param settings object

@description('Bytes of a request\'s body that the Functions host lets through.')
param requestBytesMax int

@description('Where the application reaches what only private endpoints reach; null: everything is reached by everybody, and opened by identity.')
param network {
  appSubnetId: string
  endpointSubnetId: string
  zoneIds: object
}?

@description('URL of the key that layers are encrypted with, and the identity that may use it; null: Azure\'s own key.')
param customerKey {
  vaultUri: string
  keyName: string
  identityId: string
}?

@description('Storage of one registry each: an account of its own, or a key of its own in the account of all.')
param isolatedStorage {
  registry: string
  storage: 'account' | 'encryptionScope'
  keyName: string
  accountName: string
  scope: string
}[]

@description('Tags of the function app beside those of everything: azd finds by them where to deploy.')
param appTags object

var packageContainer = 'packages'
var isolatedAccounts = filter(isolatedStorage, item => item.storage == 'account')
var isolatedAccountIds = map(isolatedAccounts, item => resourceId('Microsoft.Storage/storageAccounts', item.accountName))
var isolatedScopes = filter(isolatedStorage, item => item.storage == 'encryptionScope')

module storage 'storage.bicep' = {
  name: 'storage-${location}'
  params: {
    name: names.storage
    location: location
    tags: tags
    workspaceId: workspaceId
    sku: profile.storageSku
    customerKey: customerKey
    queues: [
      'events'
      'events-poison'
      'collection'
      'collection-poison'
    ]
    encryptionScopes: map(isolatedScopes, item => {
      name: item.registry
      keyName: item.keyName
    })
  }
}

module isolatedAccount 'storage.bicep' = [
  for item in isolatedAccounts: {
    name: 'storage-${location}-${item.registry}'
    params: {
      name: item.accountName
      location: location
      tags: tags
      workspaceId: workspaceId
      sku: profile.storageSku
      customerKey: customerKey == null ? null : {
        vaultUri: customerKey!.vaultUri
        keyName: item.keyName
        identityId: customerKey!.identityId
      }
      queues: []
      encryptionScopes: []
    }
  }
]

module hostStorage 'host-storage.bicep' = {
  name: 'host-storage-${location}'
  params: {
    name: names.hostStorage
    location: location
    tags: tags
    sku: profile.hostStorageSku
    packageContainer: packageContainer
    isPrivate: network != null
  }
}

module hostStorageEndpoint 'private-endpoint.bicep' = [
  for part in (network == null ? [] : ['blob', 'queue', 'table']): {
    name: 'endpoint-${part}-${location}'
    params: {
      name: '${names.privateEndpoint}-${part}'
      location: location
      tags: tags
      subnetId: network!.endpointSubnetId
      serviceId: hostStorage.outputs.id
      groupId: part
      zoneId: network!.zoneIds[part]
    }
  }
]

module roles 'region-roles.bicep' = {
  name: 'roles-${location}'
  params: {
    principalId: identity.principalId
    storageName: storage.outputs.name
    hostStorageName: hostStorage.outputs.name
    isolatedStorageNames: map(isolatedAccounts, item => item.accountName)
  }
  dependsOn: [
    isolatedAccount
  ]
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
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: string(requestBytesMax)
    })
    warmInstances: profile.warmInstances
    instanceMemory: profile.instanceMemory
    instancesMax: profile.instancesMax
    zoneRedundant: profile.zoneRedundant
    requestsPerInstance: profile.requestsPerInstance
    subnetId: network.?appSubnetId ?? ''
  }
  // Its first start reads the package, and the registry its keys.
  dependsOn: [
    roles
    hostStorageEndpoint
  ]
}

// For clients in networks of one's own; the public name stays, since clients anywhere else need it.
module appEndpoint 'private-endpoint.bicep' = if (network != null) {
  name: 'endpoint-sites-${location}'
  params: {
    name: '${names.privateEndpoint}-sites'
    location: location
    tags: tags
    subnetId: network!.endpointSubnetId
    serviceId: functions.outputs.id
    groupId: 'sites'
    zoneId: network!.zoneIds.sites
  }
}

output functionAppName string = functions.outputs.name
output hostName string = functions.outputs.hostName
output storageIds string[] = concat([storage.outputs.id], isolatedAccountIds)
output storageName string = storage.outputs.name
