// What the application may do in one region's accounts: all that its code calls, and nothing else.

param principalId string
param storageName string
param hostStorageName string

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
