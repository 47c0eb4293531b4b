// Where networks of one's own find the private addresses of services.

param names string[]
param tags object

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [for name in names: {
  name: name
  location: 'global'
  tags: tags
}]
