// Who may read the certificate of a domain of your own, and no other secret of the vault.

param name string
param location string
param tags object
param vaultName string
param certificate string

var roles = loadJsonContent('roles.json')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName

  // A certificate has a secret of the same name, which its private key is read by.
  resource secret 'secrets' existing = {
    name: certificate
  }
}

resource onCertificate 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::secret.id, identity.id, roles.keyVaultSecretsUser)
  scope: vault::secret
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

output identityId string = identity.id
output secretId string = vault::secret.id
