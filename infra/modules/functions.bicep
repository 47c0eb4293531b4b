// The application in one region: a function app of the Flex Consumption plan.

param name string
param planName string
param location string
param tags object
param workspaceId string

param identityId string
param identityClientId string

@description('The host\'s own account: of its state, and with the package.')
param hostStorage {
  blobEndpoint: string
  queueEndpoint: string
  tableEndpoint: string
}
param packageContainer string

@description('What the registry is told, by the names that its README has.')
param settings object

param warmInstances int
param instanceMemory int
param instancesMax int
param zoneRedundant bool

@description('Requests that one instance answers at once. Bodies are in its memory, as far as the host buffers them.')
param requestsPerInstance int

@description('The subnet through which it reaches services that only private endpoints reach; empty: none.')
param subnetId string

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225: a parameter: so it is in Premium, where instances that are always there are paid for
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_222: it is the registry, which clients anywhere push to and pull from
  // checkov:skip=CKV_AZURE_17: its clients bring tokens; docker has no certificate
  // checkov:skip=CKV_AZURE_213: its probes would wake an instance each minute, which is paid for; the platform replaces those that fail
  // checkov:skip=CKV_AZURE_212: the plan has no such setting; its own is alwaysReady, by profile
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    keyVaultReferenceIdentity: identityId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.blobEndpoint}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'node'
        version: '22'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: instancesMax
        alwaysReady: warmInstances == 0 ? [] : [
          {
            name: 'http'
            instanceCount: warmInstances
          }
        ]
        triggers: {
          http: {
            perInstanceConcurrency: requestsPerInstance
          }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, {
      AZURE_CLIENT_ID: identityClientId
      AzureWebJobsStorage__blobServiceUri: hostStorage.blobEndpoint
      AzureWebJobsStorage__queueServiceUri: hostStorage.queueEndpoint
      AzureWebJobsStorage__tableServiceUri: hostStorage.tableEndpoint
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      AzureWebJobsDisableHomepage: 'true'
    })
  }

  // Packages come by identity alone.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'portolan'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AppServiceAuthenticationLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output id string = app.id
output name string = app.name
output hostName string = app.properties.defaultHostName
