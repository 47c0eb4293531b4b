// One name for all regions, which leads each client to the nearest that is well: Front Door. Uploads of more than 2 GB do not pass it.

param name string
param tags object

@description('Host names of the regions\' applications.')
param origins string[]
param workspaceId string

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: name
  location: 'global'
  tags: tags
  sku: {
    name: 'Standard_AzureFrontDoor'
  }
  properties: {
    // A layer takes its time.
    originResponseTimeoutSeconds: 240
  }

  resource endpoint 'afdEndpoints' = {
    name: name
    location: 'global'
    tags: tags
    properties: {
      enabledState: 'Enabled'
    }

    resource route 'routes' = {
      name: 'all'
      properties: {
        originGroup: {
          id: group.id
        }
        patternsToMatch: [
          '/*'
        ]
        supportedProtocols: [
          'Http'
          'Https'
        ]
        httpsRedirect: 'Enabled'
        forwardingProtocol: 'HttpsOnly'
        linkToDefaultDomain: 'Enabled'
      }
      // A route needs an origin.
      dependsOn: [
        origin
      ]
    }
  }
}

resource group 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  name: 'regions'
  parent: profile
  properties: {
    loadBalancingSettings: {
      sampleSize: 4
      successfulSamplesRequired: 3
      // The nearest, and others only where they are as near.
      additionalLatencyInMilliseconds: 50
    }
    healthProbeSettings: {
      probePath: '/healthz'
      probeProtocol: 'Https'
      probeRequestType: 'GET'
      probeIntervalInSeconds: 30
    }
    sessionAffinityState: 'Disabled'
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = [for (host, index) in origins: {
  name: 'region-${index}'
  parent: group
  properties: {
    hostName: host
    // Without it the client's own host would come, which the region's certificate has not.
    originHostHeader: host
    httpsPort: 443
    priority: 1
    weight: 1000
    enabledState: 'Enabled'
    enforceCertificateNameCheck: true
  }
}]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'portolan'
  scope: profile
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'FrontDoorHealthProbeLog'
        enabled: true
      }
    ]
  }
}

output hostName string = profile::endpoint.properties.hostName
output frontDoorId string = profile.properties.frontDoorId
