// An account for layers, upload sessions and queues, in one region.

param name string
param location string
param tags object
param workspaceId string

@allowed(['Standard_RAGRS', 'Standard_RAGZRS'])
param sku string

@description('The key that everything here is encrypted with, and the identity that may use it; null: Azure\'s own key.')
param customerKey {
  vaultUri: string
  keyName: string
  identityId: string
}?

@description('Queues that the application uses.')
param queues string[]

@description('Keys for the containers of one registry each; the name of a scope is the registry\'s.')
param encryptionScopes {
  name: string
  keyName: string
}[]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_35: clients anywhere are sent here to read layers, each by a URL for one blob and for minutes
  // checkov:skip=CKV_AZURE_59: the same; blobs are not public, and keys are off
  // checkov:skip=CKV_AZURE_206: a parameter, and every value that it takes is geo-redundant, which a test reads
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  identity: customerKey == null ? null : {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${customerKey!.identityId}': {}
    }
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    // What remains is a URL that an identity has signed: for one blob, read only, and for minutes.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Clients are sent here to read layers.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: 'Allow'
      bypass: 'AzureServices'
    }
    encryption: {
      keySource: customerKey == null ? 'Microsoft.Storage' : 'Microsoft.Keyvault'
      // No version: a rotated key is taken within a day.
      keyvaultproperties: customerKey == null ? null : {
        keyvaulturi: customerKey!.vaultUri
        keyname: customerKey!.keyName
      }
      identity: customerKey == null ? null : {
        userAssignedIdentity: customerKey!.identityId
      }
      requireInfrastructureEncryption: true
      services: {
        blob: {
          enabled: true
          keyType: 'Account'
        }
        queue: {
          enabled: true
          keyType: 'Account'
        }
      }
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      // The registry decides what is deleted, and when; a deletion is final.
      deleteRetentionPolicy: {
        enabled: false
      }
      containerDeleteRetentionPolicy: {
        enabled: false
      }
    }
  }

  resource queueService 'queueServices' = {
    name: 'default'
  }
}

// The account's identity opens these keys, as it does the account's own.
resource scope 'Microsoft.Storage/storageAccounts/encryptionScopes@2025-06-01' = [for item in encryptionScopes: {
  name: item.name
  parent: account
  properties: {
    source: customerKey == null ? 'Microsoft.Storage' : 'Microsoft.KeyVault'
    // No version, as above.
    keyVaultProperties: customerKey == null ? null : {
      keyUri: '${customerKey!.vaultUri}keys/${item.keyName}'
    }
    requireInfrastructureEncryption: true
    state: 'Enabled'
  }
}]

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [for queue in queues: {
  name: queue
  parent: account::queueService
}]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'portolan'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

output id string = account.id
output name string = account.name
output queueEndpoint string = account.properties.primaryEndpoints.queue
