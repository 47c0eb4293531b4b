targetScope = 'subscription'

import { isolated, profileName, profiles } from 'profiles.bicep'

@minLength(1)
@maxLength(40)
@description('The name of the environment, of which all names are made.')
param environmentName string

@minLength(1)
@description('The first region, of which names are made.')
param location string

@description('More regions, of the profile Premium.')
param moreRegions string[] = []

@description('The region that takes the writes, when it is not the first: after it has moved, or to move it. Empty: the first.')
param writeRegion string = ''

@description('What is provisioned, and the highest tier of the registries in it.')
param profile profileName = 'Basic'

@description('The database account in the place of the usual, when documents were restored to another. Empty: the usual.')
param databaseAccount string = ''

@description('The registry that the deployment starts with.')
@minLength(5)
@maxLength(50)
param defaultRegistry string = 'portolan'

@description('A domain of your own: `<registry>.<domain>` is a registry\'s login server. Empty: registries are found in the path, on the app\'s own host.')
param domain string = ''

@description('Name of a certificate in the deployment\'s vault for `*.<domain>`, which global routing answers with; empty: a proxy of your own ends TLS.')
param certificate string = ''

@description('Object id of whoever deploys, who may do everything in every registry.')
param principalId string = ''

@description('Object ids of more Entra users, groups and service principals that may.')
param administrators string[] = []

@description('More settings of the application, by the names that its README has: TIERS, PRICES, ROLE_ASSIGNMENTS and so on.')
param moreSettings object = {}

@description('MB of an instance in the place of the profile\'s: 512, 2048 or 4096; 0: the profile\'s.')
@allowed([0, 512, 2048, 4096])
param instanceMemory int = 0

@description('Requests that one instance answers at once, in the place of the profile\'s; 0: the profile\'s.')
@minValue(0)
@maxValue(1000)
param requestsPerInstance int = 0

@description('Bytes of a request\'s body that the Functions host lets through.')
param requestBytesMax int = 21474836480

@description('Days for which logs are kept.')
param logRetentionDays int = 30

@description('GB of logs a day after which no more is taken in; -1: no end.')
param logDailyQuotaGb int = 1

@description('Image of the same application as a container, with its digest, which takes layers that the function app does not; empty: none.')
param containerImage string = ''

@description('Containers that always run. With none the first large push waits for one to start.')
@minValue(0)
@maxValue(30)
param containersMin int = 0

@description('Whether one name leads to the nearest region, by Front Door, which costs about $35 a month and takes uploads of up to 2 GB.')
param globalRouting bool = false

@description('Whether only private endpoints reach the database, the vault and the hosts\' accounts; of the profile Premium.')
param privateNetwork bool = false

@description('Networks of yours that are connected to those, from where registries are reached that are closed to public ones.')
param clientNetworks string[] = []

@description('Whether layers are encrypted with a key of your own, in the vault; of the profile Premium.')
param customerKey bool = false

@description('Registries with storage of their own, of the profile Premium: to be named before they are made, since what a registry has does not move.')
param isolatedRegistries isolated[] = []

@description('Who is mailed when something needs to be looked at; empty: nobody, and there are no alerts.')
param alertEmails string[] = []

@description('What a month may cost, in the currency of the subscription, before those are mailed; 0: no budget.')
@minValue(0)
param budget int = 0

@description('The first day of the month in which the budget began, once there is one, since it cannot be changed; empty: this month.')
param budgetStart string = ''

@description('Not to be given.')
param thisMonth string = utcNow('yyyy-MM-01')

var chosen = profiles[profile]
var provisionedProfile = union(
  chosen,
  instanceMemory == 0 ? {} : { instanceMemory: instanceMemory },
  requestsPerInstance == 0 ? {} : { requestsPerInstance: requestsPerInstance }
)
var otherRegions = chosen.moreRegions ? moreRegions : []
var regions = concat([location], otherRegions)
// The database moves its write region by itself when that is lost; the order here must then be told, or it would move back.
var databaseRegions = empty(writeRegion) ? regions : union([writeRegion], regions)
var isPrivate = privateNetwork && chosen.isolation
var hasCustomerKey = customerKey && chosen.isolation
var isolatedHere = chosen.isolation ? isolatedRegistries : []
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

// Each registry that has storage of its own has it in every region: in an account, or in the region's with a key.
var isolatedStorage = [
  for region in regions: map(isolatedHere, item => {
    registry: item.registry
    storage: item.storage
    keyName: 'layers-${item.registry}'
    accountName: item.storage == 'account'
      ? '${abbreviations.storageAccount}${toLower(uniqueString(subscription().id, environmentName, location, region, item.registry))}'
      : storageNames[indexOf(regions, region)]
    scope: item.storage == 'encryptionScope' ? '?encryptionScope=${item.registry}' : ''
  })
]
var isolatedAccounts = [
  for (region, index) in regions: map(
    isolatedStorage[index],
    item => '${region}.${item.registry}=https://${item.accountName}.blob.${environment().suffixes.storage}${item.scope}'
  )
]

var networks = [for (name, index) in regions: '10.${index}.0.0/16']

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
    isPrivate: isPrivate
    customerKeyNames: hasCustomerKey ? concat(['layers'], map(isolatedHere, item => 'layers-${item.registry}')) : []
  }
}

module customerKeyIdentity 'modules/customer-key.bicep' = if (hasCustomerKey) {
  name: 'customer-key'
  scope: group
  params: {
    name: '${abbreviations.managedIdentity}key-${token}'
    location: location
    tags: tags
    vaultName: keys.outputs.name
  }
}

module cosmos 'modules/cosmos.bicep' = {
  name: 'cosmos'
  scope: group
  params: {
    name: empty(databaseAccount) ? '${abbreviations.cosmosAccount}${token}' : databaseAccount
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    regions: databaseRegions
    serverless: chosen.serverlessDatabase
    throughputMax: chosen.databaseThroughputMax
    zoneRedundant: chosen.zoneRedundant
    backup: chosen.databaseBackup
    isPrivate: isPrivate
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

// What the application is told in every place. Each has a row in the README's table of settings.
var settings = union(moreSettings, {
  AUTH: 'true'
  COSMOS_ENDPOINT: cosmos.outputs.endpoint
  COSMOS_DATABASE: databaseName
  COSMOS_CONTAINER: containerName
  STORAGE_ACCOUNTS: join(concat(storageAccounts, flatten(isolatedAccounts)), ',')
  KEY_VAULT_URL: keys.outputs.uri
  DEFAULT_REGISTRY: defaultRegistry
  DEFAULT_TIER: profile
  HIGHEST_TIER: profile
  REGISTRY_DOMAIN: empty(domain) ? appHosts[0] : domain
  SHARED_HOSTS: join(concat(appHosts, globalRouting ? [routing!.outputs.hostName] : []), ',')
  SUBSCRIPTION_ID: subscription().subscriptionId
  RESOURCE_GROUP: group.name
  ENTRA_TENANT_ID: tenant().tenantId
  ENTRA_ADMINISTRATORS: join(union(empty(principalId) ? [] : [principalId], administrators), ',')
  // The applications are told of it before it knows them, so it leads to names that they will have.
  FRONT_DOOR_ID: globalRouting ? routing!.outputs.frontDoorId : ''
  PRIVATE_NETWORKS: join(union(isPrivate ? networks : [], clientNetworks), ',')
  EXPECTED_INSTANCES: string(max(1, chosen.warmInstances * length(regions) + containersMin))
  APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.outputs.clientId}'
})

// A group for each region's network, since names of private DNS zones are fixed, and each network has its own.
resource networkGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = [
  for name in regions: if (isPrivate) {
    name: '${abbreviations.resourceGroup}${environmentName}-network-${name}'
    location: name
    tags: tags
  }
]

module network 'modules/network.bicep' = [
  for (name, index) in regions: if (isPrivate) {
    name: 'network-${name}'
    scope: networkGroup[index]
    params: {
      name: '${abbreviations.virtualNetwork}${regionTokens[index]}'
      location: name
      tags: tags
      addressPrefix: networks[index]
    }
  }
]

module databaseEndpoint 'modules/private-endpoint.bicep' = [
  for (name, index) in regions: if (isPrivate) {
    name: 'endpoint-database-${name}'
    scope: networkGroup[index]
    params: {
      name: '${abbreviations.privateEndpoint}${regionTokens[index]}-database'
      location: name
      tags: tags
      subnetId: network[index]!.outputs.endpointSubnetId
      serviceId: cosmos.outputs.id
      groupId: 'Sql'
      zoneId: network[index]!.outputs.zoneIds.documents
    }
  }
]

module vaultEndpoint 'modules/private-endpoint.bicep' = [
  for (name, index) in regions: if (isPrivate) {
    name: 'endpoint-vault-${name}'
    scope: networkGroup[index]
    params: {
      name: '${abbreviations.privateEndpoint}${regionTokens[index]}-vault'
      location: name
      tags: tags
      subnetId: network[index]!.outputs.endpointSubnetId
      serviceId: keys.outputs.id
      groupId: 'vault'
      zoneId: network[index]!.outputs.zoneIds.vault
    }
  }
]

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
        privateEndpoint: '${abbreviations.privateEndpoint}${regionTokens[index]}'
      }
      profile: provisionedProfile
      workspaceId: monitoring.outputs.workspaceId
      identity: {
        id: identity.outputs.id
        clientId: identity.outputs.clientId
        principalId: identity.outputs.principalId
      }
      settings: settings
      requestBytesMax: requestBytesMax
      network: isPrivate
        ? {
            appSubnetId: network[index]!.outputs.appSubnetId
            endpointSubnetId: network[index]!.outputs.endpointSubnetId
            zoneIds: network[index]!.outputs.zoneIds
          }
        : null
      customerKey: hasCustomerKey
        ? {
            vaultUri: keys.outputs.uri
            keyName: 'layers'
            identityId: customerKeyIdentity!.outputs.identityId
          }
        : null
      isolatedStorage: isolatedStorage[index]
      // azd deploys to the one resource that has this tag; a hook brings the same package to the others.
      appTags: index == 0 ? { 'azd-service-name': 'registry' } : {}
    }
    // Its first start reads documents and keys.
    dependsOn: [
      roles
      databaseEndpoint
      vaultEndpoint
    ]
  }
]

// The registry's own queues, timers and accounts are those of the first region, as a function app there has them.
module containers 'modules/containers.bicep' = if (!empty(containerImage)) {
  name: 'containers'
  scope: group
  params: {
    name: '${abbreviations.containerApp}${token}'
    environmentName: '${abbreviations.containerEnvironment}${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    identityId: identity.outputs.id
    image: containerImage
    settings: union(settings, {
      AZURE_CLIENT_ID: identity.outputs.clientId
      REGION: location
    })
    replicasMin: containersMin
    replicasMax: 10
    zoneRedundant: chosen.zoneRedundant
    subnetId: isPrivate ? network[0]!.outputs.containerSubnetId : ''
  }
  dependsOn: [
    region
  ]
}

module routing 'modules/routing.bicep' = if (globalRouting) {
  name: 'routing'
  scope: group
  params: {
    name: '${abbreviations.frontDoor}${token}'
    tags: tags
    origins: appHosts
    workspaceId: monitoring.outputs.workspaceId
    domain: empty(domain) || empty(certificate)
      ? null
      : {
          name: domain
          vaultName: keys.outputs.name
          certificate: certificate
          identityName: '${abbreviations.managedIdentity}certificate-${token}'
        }
  }
}

module alerts 'modules/alerts.bicep' = if (!empty(alertEmails)) {
  name: 'alerts'
  scope: group
  params: {
    actionGroupName: '${abbreviations.actionGroup}${token}'
    location: location
    tags: tags
    emails: alertEmails
    insightsId: monitoring.outputs.insightsId
    cosmosId: cosmos.outputs.id
    storageIds: [for (name, index) in regions: region[index].outputs.storageIds]
    vaultId: keys.outputs.id
    hasCustomerKey: hasCustomerKey
    hasMoreRegions: !empty(otherRegions)
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
  }
}

module monthlyBudget 'modules/budget.bicep' = if (budget > 0 && !empty(alertEmails)) {
  name: 'budget'
  scope: group
  params: {
    name: '${abbreviations.budget}${token}'
    amount: budget
    emails: alertEmails
    startDate: empty(budgetStart) ? thisMonth : budgetStart
  }
}

output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = group.name
output LOGIN_SERVER string = region[0].outputs.hostName
output DEFAULT_REGISTRY string = defaultRegistry
output REGIONAL_APP_NAMES string[] = [for (name, index) in regions: region[index].outputs.functionAppName]
@description('Takes large layers, and all else; empty: there are no containers.')
output CONTAINER_LOGIN_SERVER string = empty(containerImage) ? '' : containers!.outputs.hostName

@description('The name that leads to the nearest region; empty: there is none.')
output GLOBAL_LOGIN_SERVER string = globalRouting ? routing!.outputs.hostName : ''
@description('What the TXT record `_dnsauth.<domain>` says; empty: there is no domain here.')
output DOMAIN_VALIDATION_TOKEN string = globalRouting ? routing!.outputs.domainValidationToken : ''
output COSMOS_ACCOUNT_NAME string = cosmos.outputs.name
output KEY_VAULT_NAME string = keys.outputs.name
