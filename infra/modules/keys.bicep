// The vault with the keys of tokens and passwords, which the registry makes by itself.

param name string
param location string
param tags object
param workspaceId string

@description('Only private endpoints reach it.')
param isPrivate bool

@description('Keys in the vault that layers are encrypted with; empty: Azure\'s own.')
param customerKeyNames string[]

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  // checkov:skip=CKV_AZURE_109: denied where there is a private network; elsewhere roles alone open it
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // Without its keys nobody can log in any more.
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
    }
  }
}

// The customer's keys of layers: made here, or brought by whoever may import into the vault, and rotated by itself.
resource customerKey 'Microsoft.KeyVault/vaults/keys@2025-05-01' = [for keyName in customerKeyNames: {
  // checkov:skip=CKV_AZURE_112: one in an HSM costs a vault of another kind; who needs it brings a key of his own
  // checkov:skip=CKV_AZURE_40: its policy of rotation sets it for each version
  name: keyName
  parent: vault
  tags: tags
  properties: {
    kty: 'RSA'
    keySize: 3072
    keyOps: [
      'wrapKey'
      'unwrapKey'
    ]
    rotationPolicy: {
      attributes: {
        expiryTime: 'P2Y'
      }
      lifetimeActions: [
        {
          trigger: {
            timeAfterCreate: 'P1Y'
          }
          action: {
            type: 'rotate'
          }
        }
        {
          trigger: {
            timeBeforeExpiry: 'P30D'
          }
          action: {
            type: 'notify'
          }
        }
      ]
    }
  }
}]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'portolan'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
