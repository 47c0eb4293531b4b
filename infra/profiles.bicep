// What each profile provisions. A deployment hosts registries of every tier up to its own.

@export()
@description('From the least to the most.')
type profileName = 'Basic' | 'Standard' | 'Premium'

@export()
@description('A registry with storage of its own.')
type isolated = {
  @description('Its name: 5 to 50 lower-case letters and digits.')
  @minLength(5)
  @maxLength(50)
  registry: string
  @description('An account that nobody else has, or a key that nobody else has, in the accounts of all.')
  storage: 'account' | 'encryptionScope'
}

@export()
type provisioned = {
  @description('Of the accounts with the layers: always a second region, readable, and in Premium zones in the first.')
  storageSku: 'Standard_RAGRS' | 'Standard_RAGZRS'
  @description('Of the accounts with the hosts\' own state, which is made anew when it is lost.')
  hostStorageSku: 'Standard_LRS' | 'Standard_ZRS'
  @description('Pays per request, and has one region only.')
  serverlessDatabase: bool
  @description('Request units a second at most; a tenth of it is paid for always. Unused when serverless.')
  databaseThroughputMax: int
  databaseBackup: 'Continuous7Days' | 'Continuous30Days'
  @description('Instances that are kept warm for requests in each region.')
  warmInstances: int
  @description('MB of an instance: 512, 2048 or 4096.')
  instanceMemory: int
  instancesMax: int
  @description('Requests that one instance answers at once. Each may have 16 MB of a body in memory, and more where the host buffers it.')
  requestsPerInstance: int
  zoneRedundant: bool
  @description('Regions beside the first.')
  moreRegions: bool
  @description('Whether private endpoints, keys of the customer, and storage for one registry may be asked for.')
  isolation: bool
}

@export()
var profiles = {
  Basic: {
    storageSku: 'Standard_RAGRS'
    hostStorageSku: 'Standard_LRS'
    serverlessDatabase: true
    databaseThroughputMax: 1000
    databaseBackup: 'Continuous7Days'
    warmInstances: 0
    instanceMemory: 2048
    instancesMax: 40
    requestsPerInstance: 16
    zoneRedundant: false
    moreRegions: false
    isolation: false
  }
  Standard: {
    storageSku: 'Standard_RAGRS'
    hostStorageSku: 'Standard_LRS'
    serverlessDatabase: false
    databaseThroughputMax: 1000
    databaseBackup: 'Continuous7Days'
    warmInstances: 1
    instanceMemory: 2048
    instancesMax: 100
    requestsPerInstance: 16
    zoneRedundant: false
    moreRegions: false
    isolation: false
  }
  Premium: {
    storageSku: 'Standard_RAGZRS'
    hostStorageSku: 'Standard_ZRS'
    serverlessDatabase: false
    databaseThroughputMax: 1000
    databaseBackup: 'Continuous30Days'
    // A group of instances over several zones is two at least.
    warmInstances: 2
    // What is warm is paid for always: four small ones in two regions instead of four large. `instanceMemory` takes others.
    instanceMemory: 512
    instancesMax: 100
    requestsPerInstance: 4
    zoneRedundant: true
    moreRegions: true
    isolation: true
  }
}
