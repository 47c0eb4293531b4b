// What the application may do in one region's accounts: all that its code calls, and nothing else.

param principalId string
param storageName string
param hostStorageName string

@description('Accounts with the layers of one registry each.')
param isolatedStorageNames string[]

var roles = loadJsonContent('roles.json')

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostStorageName
}

// Contributor reads, writes and signs URLs; Reader tells the Last Sync Time, which is asked of the service itself.
resource onStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in ['storageBlobDataContributor', 'storageQueueDataContributor', 'reader']: {
    name: guid(storage.id, principalId, roles[role])
    scope: storage
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    }
  }
]

// As the Functions host documents it for storage by identity.
resource onHostStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in ['storageBlobDataOwner', 'storageQueueDataContributor', 'storageTableDataContributor']: {
    name: guid(hostStorage.id, principalId, roles[role])
    scope: hostStorage
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    }
  }
]

resource isolatedStorage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = [for name in isolatedStorageNames: {
  name: name
}]

// As on the account of all, but for queues, which these do not have.
resource onIsolatedBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in isolatedStorageNames: {
  name: guid(isolatedStorage[index].id, principalId, roles.storageBlobDataContributor)
  scope: isolatedStorage[index]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}]

resource onIsolatedStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in isolatedStorageNames: {
  name: guid(isolatedStorage[index].id, principalId, roles.reader)
  scope: isolatedStorage[index]
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
  }
}]
