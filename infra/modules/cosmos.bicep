// The documents: one account with one write region, and a copy in every other.

param name string
param location string
param tags object
param workspaceId string

@description('Where the documents are: the first region takes the writes, and the others take its place in this order.')
param regions string[]

param serverless bool
param throughputMax int
param zoneRedundant bool

@allowed(['Continuous7Days', 'Continuous30Days'])
param backup string

@description('Only private endpoints reach it.')
param isPrivate bool

param databaseName string
param containerName string

// As shared/azure/cosmos/container.ts has it, which a test compares.
var container = loadJsonContent('cosmos-container.json')

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-10-15' = {
  // checkov:skip=CKV_AZURE_101: off where there is a private network; elsewhere identity alone opens it, since local authentication is off
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [
      for (region, index) in regions: {
        locationName: region
        failoverPriority: index
        isZoneRedundant: zoneRedundant
      }
    ]
    enableAutomaticFailover: true
    enableMultipleWriteLocations: false
    consistencyPolicy: {
      // Reads in the write region see every acknowledged commit; those elsewhere are behind by so much at most.
      defaultConsistencyLevel: 'BoundedStaleness'
      maxStalenessPrefix: length(regions) > 1 ? 100000 : 10
      maxIntervalInSeconds: length(regions) > 1 ? 300 : 5
    }
    capabilities: serverless ? [
      {
        name: 'EnableServerless'
      }
    ] : []
    backupPolicy: {
      type: 'Continuous'
      continuousModeProperties: {
        tier: backup
      }
    }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAclBypass: 'None'
  }

  resource database 'sqlDatabases' = {
    name: databaseName
    properties: {
      resource: {
        id: databaseName
      }
    }

    resource documents 'containers' = {
      name: containerName
      properties: {
        resource: {
          id: containerName
          partitionKey: container.partitionKey
          indexingPolicy: container.indexingPolicy
          defaultTtl: container.defaultTtl
        }
        options: serverless ? {} : {
          autoscaleSettings: {
            maxThroughput: throughputMax
          }
        }
      }
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'portolan'
  scope: account
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      {
        category: 'ControlPlaneRequests'
        enabled: true
      }
    ]
  }
}

output id string = account.id
output name string = account.name
output endpoint string = account.properties.documentEndpoint
