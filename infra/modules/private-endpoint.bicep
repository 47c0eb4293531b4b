// An address of a service within a network of one's own.

param name string
param location string
param tags object
param subnetId string
param serviceId string

@description('The part of the service, as Azure calls it: blob, Sql, vault, sites and so on.')
param groupId string
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          privateLinkServiceId: serviceId
          groupIds: [
            groupId
          ]
        }
      }
    ]
  }

  resource zones 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: 'zone'
          properties: {
            privateDnsZoneId: zoneId
          }
        }
      ]
    }
  }
}
